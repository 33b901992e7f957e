"""What the loss, the augmentation and the lint compute."""

import mypkg.layers
import mypkg.lints  # noqa: F401
import torch
from mypkg.training import Poly, Solarize
from torch.nn.functional import cross_entropy

import specnet


def test_poly_is_cross_entropy_and_what_the_label_lacks() -> None:
    outputs, labels = torch.randn(8, 3), torch.arange(8) % 3
    lacking = 1 - outputs.softmax(1)[torch.arange(8), labels]
    expected = cross_entropy(outputs, labels) + 0.5 * lacking.mean()
    torch.testing.assert_close(Poly(epsilon=0.5).compute(outputs, labels), expected)


def test_solarize_inverts_bright_values() -> None:
    images = torch.tensor([0, 199, 200, 255], dtype=torch.uint8).view(1, 2, 2, 1)
    assert Solarize(threshold=200).apply(images).flatten().tolist() == [0, 199, 55, 0]


def test_a_wide_layer_is_found() -> None:
    (found,) = specnet.check("input 8\nfc 2000 -> relu -> fc 10\n").diagnostics
    assert found.code.name == "mypkg/wide_fc"
