"""Statements of programs that add no layer: what becomes of them."""

from __future__ import annotations

import inspect

import pytest
import torch

from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes, apply_edits, collect_edits, select_safe_fixes
from specnet.foreign.training_calls import OPTIMIZERS, read_recipe
from specnet.source import Source

ABOVE = "input 32x32x3\nconv 8 F=3 -> relu -> pool max global\nfc 10\n"


def check(text: str) -> Checked:
    return add_fixes(check_source(Source("test.net", text)), {}, read_beside)


def mend(text: str) -> str:
    """Return a text after `check --fix`."""
    while fixes := select_safe_fixes(checked := check(text)):
        text = apply_edits(checked.source, collect_edits(fixes)).text
    return text


@pytest.mark.parametrize("name", OPTIMIZERS["PyTorch"])
def test_every_argument_of_an_optimizer_is_accounted_for(name: str) -> None:
    (row,) = OPTIMIZERS["PyTorch"][name]
    given = inspect.signature(getattr(torch.optim, name)).parameters.values()
    defaults = {each.name: each.default for each in given if each.name not in ("params", "betas")}
    assert set(defaults) <= {*row.by_name, "decoupled_weight_decay"}
    assert {key: row.by_name[key].default for key in ("lr", "eps", "weight_decay") if key in row.by_name} == {
        key: defaults[key] for key in ("lr", "eps", "weight_decay") if key in row.by_name
    }


@pytest.mark.parametrize(
    ("statements", "lines", "lost"),
    [
        (["criterion = nn.CrossEntropyLoss()"], ["loss cross_entropy"], []),
        (["criterion = nn.CrossEntropyLoss(label_smoothing=0.1)"], ["loss cross_entropy smoothing=0.1"], []),
        (["o = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)"], ["optimizer sgd lr=0.1 momentum=0.9"], []),
        (["o = optim.SGD(net.parameters(), 0.1, 0.9, nesterov=True)"],
         ["optimizer sgd lr=0.1 momentum=0.9 nesterov"], []),
        (["o = torch.optim.Adam(net.parameters(), betas=(0.8, 0.99))"], ["optimizer adam beta1=0.8 beta2=0.99"], []),
        (["o = torch.optim.AdamW(net.parameters(), lr=3e-4)"], ["optimizer adamw lr=3e-4"], []),
        (["o = torch.optim.Adagrad(net.parameters())"], [],
         ["`Adagrad` has no counterpart: `specnet explain optimizer` lists what there is"]),
        (["o = torch.optim.Adam(net.parameters(), amsgrad=True)"], ["optimizer adam"],
         ["Adam: `amsgrad=True` has no counterpart"]),
        (["model.compile('adam', loss=keras.losses.CategoricalCrossentropy(from_logits=True))"],
         ["loss cross_entropy", "optimizer adam eps=1e-7"], []),
        (["model.compile(optimizer='sgd', loss='categorical_crossentropy', metrics=['accuracy'])"],
         ["loss cross_entropy", "optimizer sgd"],
         ["CategoricalCrossentropy: it applies a softmax itself: leave out that of the last layer"]),
        (["model.compile(optimizer=tf.keras.optimizers.Adam(lr=1e-4), loss='mse')"],
         ["optimizer adam lr=1e-4 eps=1e-7"],
         ["`mse` has no counterpart: `specnet explain loss` lists what there is"]),
        (["opt = keras.optimizers.RMSprop(1e-4)", "model.compile(optimizer=opt)"],
         ["optimizer rmsprop lr=1e-4 alpha=0.9 eps=1e-7"], []),
        (["model.fit(x, y, 64, 5, validation_split=0.1)"], ["split validation=0.1", "batch 64", "epochs 5"],
         ["`data` says which images `x, y` are"]),
        (["model.fit(x, callbacks=[stop])"], ["batch 32", "epochs 1"],
         ["`data` says which images `x` are", "`callbacks=[stop]` is left out"]),
    ],
)  # fmt: skip
def test_what_a_program_says_of_training_becomes_a_section(
    statements: list[str], lines: list[str], lost: list[str]
) -> None:
    recipe = read_recipe(statements, "\n".join(statements))
    assert [" ".join(line.split()) for line in recipe.text.split("\n")[1:-1]] == lines
    assert recipe.differences == lost
    if lines:
        assert not check(f"{ABOVE}{recipe.text}\n").errors


def test_statements_about_training_become_one_section() -> None:
    text = f"""{ABOVE}
from tensorflow import keras
(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
epochs = 2
opt = keras.optimizers.SGD(learning_rate=0.1)  # plain
model.compile(optimizer=opt,
              loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.summary()
model.fit(x_train, y_train, batch_size=64, epochs=epochs)
"""
    mended = mend(text)
    assert [" ".join(line.split()) for line in mended.split("\n")[3:] if line.strip()] == [
        "train {", "data cifar10", "loss cross_entropy", "optimizer sgd lr=0.1", "batch 64", "epochs 2", "} # plain",
    ]  # fmt: skip
    assert not check(mended).errors


@pytest.mark.parametrize(
    "statement",
    [
        "import numpy as np",
        "from torch import nn",
        "import torch.nn.functional as F",
        "model.summary()",
        "print(model)",
        "torch.manual_seed(0)",
        "plt.show()",
        '"""A model for digits."""',
        "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "from keras.layers import (Dense,\n    Flatten)",
        "m = keras.Model(i, o)",
        "model.save('x.h5')",
        "shape = (28, 28, 1)",
    ],
)
def test_a_statement_that_adds_no_layer_goes(statement: str) -> None:
    text = f"{ABOVE}{statement}\nfc 5\n"
    error = check(text).errors[0]
    assert [fix.title for fix in error.fixes] == ["without this line"]
    assert [line for line in mend(text).split("\n") if line] == [*ABOVE.split("\n")[:-1], "fc 5"]


@pytest.mark.parametrize(
    "loop",
    [
        "for epoch in range(2):\n    for x, y in loader:\n        loss = f(x)\n        loss.backward()",
        "for epoch in range(epochs):\n\n    train(model, train_loader)\n    test(model, test_loader)",
        "with torch.no_grad():\n    out = net(x)",
        "if __name__ == '__main__':\n    main()",
    ],
)
def test_a_training_loop_is_no_repetition_of_layers(loop: str) -> None:
    (error,) = check(f"{ABOVE}{loop}\n").errors
    assert [(fix.title, fix.safe) for fix in error.fixes] == [("without these lines", False)]
    assert "`specnet train` runs what the `train` section says" in error.message
