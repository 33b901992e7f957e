"""Calls of tf.nn, tf.layers and slim: what they become, and what is said of what is lost."""

from __future__ import annotations

import pytest

from specnet.foreign.calls import translate_statement


@pytest.mark.parametrize(
    ("call", "layers"),
    [
        ("tf.nn.max_pool(x, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding='SAME')", "pool max F=3 S=2 P=same"),
        ("tf.nn.max_pool2d(x, 2, 2, 'VALID')", "pool max F=2 S=2"),
        ("tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], 'VALID')", "pool avg F=2 S=2"),
        ("tf.nn.relu6(tf.nn.max_pool2d(x, 2, 2, 'VALID'))", "pool max F=2 S=2 -> relu6"),
        ("tf.nn.leaky_relu(x)", "leaky_relu slope=0.2"),
        ("tf.nn.gelu(x, approximate=True)", "gelu approximate=tanh"),
        ("tf.nn.dropout(x, keep_prob=0.75)", "dropout 0.25"),
        ("tf.nn.dropout(x, rate=0.25)", "dropout 0.25"),
        ("tf.nn.lrn(x, 2, bias=1.0, alpha=2e-05, beta=0.75)", "lrn n=2*2+1 alpha=2e-5*(2*2+1) k=1 beta=0.75"),
        ("tf.layers.conv2d(x, 64, 3, 2, 'same', activation=tf.nn.relu)", "conv K=64 F=3 S=2 P=same -> relu"),
        ("tf.compat.v1.layers.dense(x, 10)", "fc 10"),
        ("tf.layers.batch_normalization(x, training=is_training)", "bn momentum=0.01 eps=1e-3"),
        ("tf.keras.layers.LeakyReLU()", "leaky_relu slope=0.3"),
        ("slim.conv2d(net, 64, [3, 3], stride=2)", "conv K=64 F=3 S=2 P=same -> relu"),
        ("slim.conv2d(net, 64, 1, activation_fn=None, padding='VALID')", "conv K=64 F=1"),
        ("slim.separable_conv2d(net, None, 3, 1)", "conv K=C F=3 P=same G=C -> relu"),
        ("slim.max_pool2d(net, [2, 2])", "pool max F=2 S=2"),
        ("tf.contrib.slim.fully_connected(net, 10, activation_fn=None)", "fc 10"),
        ("tf.layers.conv2d_transpose(x, 8, 2, 3)", "deconv K=8 F=2 S=3 OP=1"),
        ("slim.conv2d_transpose(net, 8, 2, 3, 'VALID')", "deconv K=8 F=2 S=3 OP=1 -> relu"),
        ("slim.conv2d_transpose(net, 8, 2, 3)", "deconv K=8 F=2 S=3 P=same -> relu"),
        ("slim.dropout(net, 0.8)", "dropout 0.2"),
    ],
)
def test_a_call_becomes_layers(call: str, layers: str) -> None:
    translated = translate_statement(f"x = {call}")
    assert translated
    assert " -> ".join(translated.layers) == layers
    assert translated.is_exact, translated.differences


@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("tf.nn.dropout(x, 0.75)", "in TensorFlow 1 the second value is the probability of being kept"),
        ("tf.nn.max_pool2d(x, 2, 2, 'VALID', data_format='NCHW')", "data_format='NCHW'"),
        ("tf.nn.conv2d(x, W, [1, 1, 1, 1], 'SAME')", "`tf.nn.conv2d` has no counterpart here"),
        ("slim.conv2d(net, 64, 3, normalizer_fn=slim.batch_norm)", "the bn of slim learns no scale"),
        ("slim.batch_norm(net)", "`scale=False` has no counterpart"),
        ("tf.layers.conv2d(x, 8, 3, kernel_regularizer=l2)", "only training depends on it"),
    ],
)
def test_what_is_lost_of_a_call_is_named(call: str, lost: str) -> None:
    translated = translate_statement(f"x = {call}")
    assert translated
    assert not translated.is_exact
    assert lost in " ".join(translated.differences)
