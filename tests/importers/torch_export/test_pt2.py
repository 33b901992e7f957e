"""Archives of torch.export are read from their JSON and bytes; damaged ones are one message."""

from __future__ import annotations

import json
import random
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from made_exports import make_exportable
from torch import Tensor, nn

from specnet.analyses.isomorphism import match_networks
from specnet.compiler import check_source
from specnet.exports import torch_program
from specnet.exports.writer import Request
from specnet.importers import UnreadableModel, import_model
from specnet.importers.carrying import carry_weights
from specnet.source import Source

MODEL = "models/model.json"


class Tokens(nn.Module):
    """A small vision transformer with a second output."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.places = nn.Parameter(torch.randn(1, 17, 8))
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return self.head(x[:, 0]), x


def make_convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 5),
    )  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(make_convolutional(), tmp_path_factory.mktemp("pt2") / "small.pt2")


def save(module: nn.Module, path: Path, batch: int = 1, **more: Any) -> Path:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(module.eval(), (torch.zeros(batch, 3, 16, 16),), strict=False, **more)
        torch.export.save(program, path)
    return path


def test_a_convolutional_network_comes_with_its_weights(archive: Path) -> None:
    result = import_model(archive)
    assert [node.kind for node in result.checked.network.nodes][:3] == ["conv", "bn", "relu"]
    assert result.checked.totals.parameters == result.imported.totals.parameters == 3 * 8 * 9 + 16 + 45
    assert "differ by at most" in carry_weights(result).summary


@pytest.mark.parametrize("is_dynamic", [False, True], ids=["a batch of one", "a batch of any size"])
def test_a_transformer_comes_with_its_weights(tmp_path: Path, is_dynamic: bool) -> None:
    sizes = ({0: torch.export.Dim("batch")},) if is_dynamic else None
    result = import_model(save(Tokens(), tmp_path / "tokens.pt2", 2 if is_dynamic else 1, dynamic_shapes=sizes))
    kinds = [node.kind for node in result.checked.network.nodes]
    assert kinds == ["conv", "tokens", "class_token", "positions", "ln", "attention", "add", "token", "fc"]
    assert len(result.checked.network.heads) == 1
    assert "differ by at most" in carry_weights(result).summary


SPEC = """
net Small
input 16x16x3
conv K=16 F=3 P=1 bias=no -> bn -> relu
add { | ln -> attention heads=2 window=4 shift=2 bias=relative | identity }
shuffle 4 -> space_to_depth 2 order=WHC -> conv K=16 F=1
concat { | identity | slice 4..8 -> silu }
head side { pool avg global -> fc 3 }
tokens -> class_token -> positions learned -> ln -> attention heads=4 -> token 0 -> fc 10
"""


def test_an_exported_network_comes_back_as_it_was(tmp_path: Path) -> None:
    exportable = make_exportable(SPEC)
    (path := tmp_path / "small.pt2").write_bytes(torch_program.encode(exportable, Request())[".pt2"])
    result = import_model(path)
    heads = [replace(head, name="side", weight=1.0) for head in result.checked.network.heads]
    imported = replace(result.checked.network, heads=tuple(heads))
    assert match_networks(check_source(Source("small.net", SPEC)).network, imported) is not None
    assert "differ by at most" in carry_weights(result).summary


def change(archive: Path, path: Path, edit: Callable[[str, bytes], bytes | None], **how: Any) -> Path:
    """Copy an archive with other contents of some files; a content of None leaves a file out."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w", **how) as new:
        for name in old.namelist():
            if (content := edit(name.partition("/")[2], old.read(name))) is not None:
                new.writestr(name, content)
    return path


def edit_graph(change_graph: Callable[[dict[str, Any]], object]) -> Callable[[str, bytes], bytes]:
    def edit(name: str, content: bytes) -> bytes:
        if name != MODEL:
            return content
        program = json.loads(content)
        change_graph(program["graph_module"])
        return json.dumps(program).encode()

    return edit


DAMAGES: dict[str, tuple[Callable[[str, bytes], bytes | None], str]] = {
    "no JSON": (lambda name, content: b"{" if name == MODEL else content, "is no JSON"),
    "nested JSON": (lambda name, content: b"[" * 100_000 if name == MODEL else content, "is no JSON"),
    "a list": (lambda name, content: b"[]" if name == MODEL else content, "is no object of JSON"),
    "an empty object": (lambda name, content: b"{}" if name == MODEL else content, "torch.export has not written it"),
    "no signature": (edit_graph(lambda graph: graph.pop("signature")), "lacks `signature`"),
    "no nodes": (edit_graph(lambda graph: graph["graph"].pop("nodes")), "lacks `nodes`"),
    "half a tensor": (
        lambda name, content: content[:4] if name.endswith("weight_0") else content,
        "too few for `0.weight`",
    ),
    "a huge tensor": (
        edit_graph(lambda graph: graph["graph"]["tensor_values"]["p_0_weight"].update(sizes=[{"as_int": 10**12}] * 4)),
        "too few for `0.weight`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_archive_is_one_message(archive: Path, tmp_path: Path, name: str) -> None:
    edit, message = DAMAGES[name]
    with pytest.raises(UnreadableModel, match=message):
        import_model(change(archive, tmp_path / "damaged.pt2", edit))


def test_a_compressed_tensor_is_refused(archive: Path, tmp_path: Path) -> None:
    path = change(archive, tmp_path / "packed.pt2", lambda _, content: content, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(UnreadableModel, match="is compressed"):
        import_model(path)


def test_bytes_that_cannot_be_inflated_are_one_message(archive: Path, tmp_path: Path) -> None:
    path = change(archive, tmp_path / "packed.pt2", lambda _, content: content, compression=zipfile.ZIP_DEFLATED)
    data, start = bytearray(path.read_bytes()), path.read_bytes().index(b"models/model.json") + 40
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(UnreadableModel, match="damaged"):
        import_model(path)


def test_half_an_archive_is_one_message(archive: Path, tmp_path: Path) -> None:
    (path := tmp_path / "half.pt2").write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(UnreadableModel, match="damaged"):
        import_model(path)


def test_an_archive_without_tensors_gives_its_layers(archive: Path, tmp_path: Path) -> None:
    def edit(name: str, content: bytes) -> bytes | None:
        return None if name.startswith("data/") else content

    result = import_model(change(archive, tmp_path / "layers.pt2", edit))
    assert result.checked.totals.parameters == 3 * 8 * 9 + 16 + 45
    with pytest.raises(UnreadableModel, match="the file has no weights"):
        carry_weights(result)


def test_an_operator_outside_of_aten_is_not_run(archive: Path, tmp_path: Path) -> None:
    def replace_first(graph: dict[str, Any]) -> None:
        graph["graph"]["nodes"][0]["target"] = "os.system"

    with pytest.raises(UnreadableModel, match="no layer of the file has a counterpart here"):
        import_model(change(archive, tmp_path / "other.pt2", edit_graph(replace_first)))


def test_mutated_graphs_are_read_or_refused(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as whole:
        graph = next(whole.read(name) for name in whole.namelist() if name.endswith(MODEL))
    for seed in range(60):
        mutated = mutate(graph, random.Random(seed))
        path = change(
            archive, tmp_path / "mutated.pt2", lambda name, content, new=mutated: new if name == MODEL else content
        )
        try:
            import_model(path)
        except UnreadableModel as error:
            assert "\n" not in str(error)


def mutate(content: bytes, draw: random.Random) -> bytes:
    """Replace a number or a name in JSON by another one."""
    words = [b"-1", b"0", b"null", b"1e30", b"999999999999", b'"x"', b"[]", b"{}", b"true"]
    changed = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(changed))
        end = at + draw.randint(1, 12)
        changed[at:end] = draw.choice(words)
    if draw.random() < 0.7:  # values of the right form
        program = json.loads(content)
        node = draw.choice(program["graph_module"]["graph"]["nodes"])
        draw.choice(node["inputs"])["arg"] = json.loads(draw.choice(words).replace(b'"x"', b'{"as_int": -3}'))
        return json.dumps(program).encode()
    return bytes(changed)
