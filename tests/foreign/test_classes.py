"""Classes with a `forward` against PyTorch: what is translated computes the same, and what is not is named."""

from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import Tensor, nn

from specnet.backends.torch_module import build_module
from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes, apply_edits
from specnet.source import Source

LENET = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)  # all dimensions except batch
        x = F.relu(self.fc1(x))
        return self.fc2(x)
"""

RESIDUAL = """def conv3x3(in_planes, out_planes, stride=1):
    \"\"\"3x3 convolution with padding\"\"\"
    return nn.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=1, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super(BasicBlock, self).__init__()
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.downsample = downsample

    def forward(self, x):
        residual = x
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        if self.downsample is not None:
            residual = self.downsample(x)
        out += residual
        return self.relu(out)


class Net(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.stem = conv3x3(3, 8)
        self.b1 = BasicBlock(8, 8)
        self.b2 = BasicBlock(8, 16, 2, nn.Sequential(nn.Conv2d(8, 16, 1, 2, bias=False), nn.BatchNorm2d(16)))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.b2(self.b1(self.stem(x)))
        x = self.avgpool(x)
        x = x.view(x.size(0), -1)
        return self.fc(x)
"""

UNET = """class DoubleConv(nn.Module):
    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        if not mid_channels:
            mid_channels = out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class Up(nn.Module):
    def __init__(self, in_channels, out_channels, bilinear=True):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(in_channels, out_channels, in_channels // 2)
        else:
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
            self.conv = DoubleConv(in_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        x = torch.cat([x2, x1], dim=1)
        return self.conv(x)


class Net(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear=False):
        super(Net, self).__init__()
        self.n_channels = n_channels
        self.inc = (DoubleConv(n_channels, 8))
        self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(8, 16))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(16, 32))
        self.up1 = Up(32, 16, bilinear)
        self.up2 = Up(16, 8, bilinear)
        self.outc = nn.Conv2d(8, n_classes, kernel_size=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x = self.up1(x3, x2)
        x = self.up2(x, x1)
        logits = self.outc(x)
        return logits


model = Net(n_channels=3, n_classes=2)
"""

SHARED = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(3, 8, 3, padding=1)
        self.shared = nn.Conv2d(8, 8, 3, padding=1)
        self.tail = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, x):
        h = F.relu(self.head(x))
        h = F.relu(self.shared(h))
        h = torch.sigmoid(self.shared(h))
        return x + self.tail(h) * x
"""

FIRE = """class Fire(nn.Module):
    def __init__(self, inplanes, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(inplanes, squeeze, kernel_size=1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, kernel_size=1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, kernel_size=3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([
            F.relu(self.expand1x1(x)),
            F.relu(self.expand3x3(x))
        ], 1)


class Net(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, kernel_size=3, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            Fire(8, 4, 8),
            Fire(16, 4, 8),
        )
        final_conv = nn.Conv2d(16, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(nn.Dropout(p=0.5), final_conv, nn.AdaptiveAvgPool2d((1, 1)))

    def forward(self, x):
        return torch.flatten(self.classifier(self.features(x)), 1)
"""

ATTENTION = """class Net(nn.Module):
    def __init__(self, channels=3, reduction=3, p=0.2):
        super().__init__()
        self.p = p
        self.scale = channels
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.down = nn.Conv2d(channels, channels // reduction, 1)
        self.up = nn.Conv2d(self.scale // reduction, channels, 1)

    def forward(self, x):
        weights = self.pool(x)
        weights = F.relu(self.down(weights))
        weights = self.up(weights).sigmoid()
        x = F.dropout(x * weights, self.p, training=self.training)
        return x.mean([2, 3])
"""

CLASSES = {"lenet": LENET, "residual": RESIDUAL, "unet": UNET, "shared": SHARED, "fire": FIRE, "attention": ATTENTION}


def check(text: str) -> Checked:
    return add_fixes(check_source(Source("test.net", text)), {}, read_beside)


def fill(module: nn.Module) -> nn.Module:
    """Fill tensors of the same shape with the same values, so that their order does not matter."""
    for tensor in [*module.parameters(), *(each for each in module.buffers() if each.dim())]:
        generator = torch.Generator().manual_seed(sum((i + 1) * size for i, size in enumerate(tensor.shape)))
        tensor.data.copy_(torch.rand(tensor.shape, generator=generator) / 4 + 0.1)
    return module.eval()


@pytest.mark.parametrize("text", CLASSES.values(), ids=CLASSES)
def test_a_translated_class_computes_the_same(text: str) -> None:
    checked = check(f"input 32x32x3\n{text}")
    (fix,) = (fix for error in checked.errors for fix in error.fixes if fix.translated)
    assert fix.safe, checked.errors
    written = apply_edits(checked.source, fix.edits).text
    mended = check_source(Source("test.net", re.sub(r"^model = .*", "", written, flags=re.MULTILINE)))
    assert mended.ok, [error.message for error in mended.errors]
    names = {"torch": torch, "nn": nn, "F": F, "Tensor": Tensor}
    exec(text, names)
    theirs = names["model"] if "model" in names else names["Net"]()
    assert isinstance(theirs, nn.Module)
    ours = fill(build_module(mended.network))
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    x = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(ours(x), fill(theirs)(x), rtol=1e-4, atol=1e-4)


def test_a_line_begins_with_the_name_of_its_layer() -> None:
    checked = check(f"input 32x32x3\n{LENET}\n\nnet = Net()\n")
    class_, made = checked.errors
    assert class_.fixes[0].title.split("\n") == [
        "conv1: conv K=6 F=5 -> relu -> pool max F=2 S=2",
        "conv2: conv K=16 F=5 -> relu -> pool max F=2 S=2 -> flatten",
        "fc1: fc 120 -> relu",
        "fc2: fc 10",
    ]
    assert made.fixes[0].title == "without this line"


KERAS = """class MyModel(keras.Model):
  def __init__(self):
    super().__init__()
    self.conv1 = layers.Conv2D(32, 3, activation='relu')
    self.d1 = layers.Dense(128, activation='relu')

  def call(self, x):
    x = self.conv1(x)
    x = layers.MaxPooling2D(3)(x)
    return self.d1(x)
"""


def test_a_class_of_keras_has_a_call() -> None:
    (error,) = check(f"input 28x28x1\n{KERAS}").errors
    assert error.fixes[0].title == "conv1: conv K=32 F=3 -> relu -> pool max F=3 floor\nd1: conv K=128 F=1 -> relu"


FORWARD = """class Net(nn.Module):
    def __init__(self{arguments}):
        super().__init__()
        {init}
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        {forward}
        return self.conv(x)
"""


@pytest.mark.parametrize(
    ("arguments", "init", "forward", "note"),
    [
        (", block", "", "", "line 3, `def __init__(self, block):`: it is not known what `block` is"),
        ("", "for i in range(3): self.a = nn.ReLU()", "", "line 5, `for i in range(3):`: it cannot be followed"),
        ("", "", "for i in range(3): x = self.conv(x)", "line 9, `for i in range(3):`: it cannot be followed"),
        ("", "", "if x.mean() > 3: x = x * 2", "line 9, `if x.mean() > 3:`: it cannot be followed"),
        ("", "", "x, y = x.chunk(2, 1)", "= x.chunk(2, 1)`: it cannot be followed"),
        ("", "", "x = self.unknown(x)", "`self.unknown` is not a layer that `__init__` makes"),
        ("", "self.conv = nn.Sequential()\n        self.conv.append(nn.ReLU())", "", "`self.conv.append(nn.ReLU())`"),
        (", n=None", "if n is q: n = 3", "", "line 5, `if n is q:`: it cannot be followed"),
        ("", "", "x = self.conv(x, scale=2)", "line 9, `self.conv(x, scale=2)`: it cannot be followed"),
        ("", "", "x = x - 1", "line 9, `x - 1`: it cannot be followed"),
        ("", "", "x = torch.cat([x, x])", "`dim=0` has no counterpart"),
        ("", "self.a = Net()", "x = self.a(x)", "`Net` calls itself, or calls are nested too deep"),
        ("", "self.a = nn.Softplus()", "x = self.a(x)", "`nn.Softplus` has no counterpart here"),
        ("", "self.a = make(3)", "x = self.a(x)", "line 5, `make(3)`"),
        ("", "self.a = nn.Conv2d(3, 3, 1, padding_mode='circular', padding=1)", "x = self.a(x)", "padding_mode"),
        ("", "", "return x, self.conv(x)", "line 9, `(x, self.conv(x))`: it cannot be followed"),
    ],
)
def test_what_cannot_be_followed_is_named_with_its_line(arguments: str, init: str, forward: str, note: str) -> None:
    text = FORWARD.format(arguments=arguments, init=init, forward=forward)
    error = check(f"input 32x32x3\n{text}").errors[0]
    assert not any(fix.safe for fix in error.fixes)
    assert note in " ".join(error.notes)
    assert "in the order in which `forward` calls them" in error.message


def test_of_several_networks_none_is_chosen() -> None:
    text = LENET + "\n\n" + re.sub("Net", "Other", LENET)
    (error,) = check(f"input 32x32x3\n{text}").errors
    assert not error.fixes
    assert error.notes == ("it is not known which of `Net`, `Other` is the network",)
