"""The published JSON Schemas (2020-12) describe what the commands print: every field, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from made_up_runs import make_entry
from model_seeds import CAFFE
from paths import ERRORS, ROOT, SPECS
from plugin_projects import write_project

import specnet
from specnet.cli import main
from specnet.sweeps.plan import Plan
from specnet.sweeps.results import Sweep, describe_sweep

SCHEMAS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (ROOT / "docs/schemas").glob("*.json")}
ZOO = [str(file) for file in sorted(SPECS.rglob("*.net"))]
BROKEN = [str(file) for file in sorted(ERRORS.glob("*.net"))]
PAGE = (ROOT / "docs/json.md").read_text(encoding="utf-8")

SIDES = ["trained.net", "trained.net", "--set", "seed=3", "--set-left", "optimizer.lr=0.2", "--set-right", "batch=8"]

COMMANDS: dict[str, list[list[str]]] = {
    "check": [
        ZOO[::4],
        BROKEN[::6],
        ["alexnet", "--flops"],
        ["googlenet-heads"],
        ["specs/digits.net", "--memory", "--fits", "1GB"],
        ["resnet50", "--input", "320x320x3"],
        ["unknown.net"],
        ["strange\nname\x1b.net"],
        ["trained.net", "--memory", "--precision", "bf16"],
        ["trained.net", "--time", "--device", "h100"],
        ["ours/net.net"],
    ],
    "diff": [
        ["vgg16", "vgg19"],
        ["alexnet", "alexnet"],
        ["resnet18", "resnet34"],
        ["unknown.net", "trained.net"],
        SIDES,
    ],
    "import": [
        ["lenet.prototxt", "-o", "lenet.net"],
        ["odd.prototxt", "-o", "odd.net"],
        ["own_net:make", "--input", "8x8x3", "-o", "own.net", "--weights-out", "own.safetensors"],
    ],
    "table": [["alexnet", "unknown.net"], ["trained.net", "--vary", "input=8x8x3,0x8x3"], ["lecture.net"]],
    "devices": [[]],
    "runs": [["runs"]],
    "sizes": [["alexnet"], ["unet", "--near", "500x500"], ["googlenet-heads"], ["siamese"], ["deep.net"]],
    "solve": [
        ["wide.net", "--let", "width", "--budget", "macs=10M", "--budget", "memory=1MB"],
        ["wide.net", "--let", "width", "--budget", "parameters=1"],
    ],
}

FILES = {
    "lecture.net": "input 32x32x3\nconv K=10 F=7\nconv K=6 F=5 S=2\n",
    "unknown.net": "input 8x8x4\npermute CHW -> conv K=2 F=3\n",
    "strange\nname\x1b.net": "input 8x8x4\ncnov 3\n",
    "trained.net": "input 32x32x3\nconv K=4 F=3\nfc 10\ntrain {\n data cifar10\n optimizer sgd lr=0.1\n}\n",
    "wide.net": "let width = 3\ninput 8x8x3\nconv K=width F=3\n",
    "tiny.net": "input 8x8x1\nfc 10\ntrain { data digits\n split validation=0.2 }\n",
    "own_net.py": "from torch import nn\n\n\ndef make():\n    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())\n",
    "lenet.prototxt": CAFFE,
    "odd.prototxt": CAFFE.replace("LRN", "ROIPooling"),
    "deep.net": "input 32x32x3\nrepeat 4 { conv K=3 F=3 S=2 P=1 floor }\n",
}


def close(schema: Any) -> Any:
    """The schema with no other properties than those it names."""
    if isinstance(schema, list):
        return [close(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: close(value) for key, value in schema.items()}
    return {**closed, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else closed


def list_properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every property that a schema names, with its own schema."""
    for each in schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else ():
        yield from list_properties(each)
    if isinstance(schema, dict) and isinstance(properties := schema.get("properties"), dict):
        yield from properties.items()


def list_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from list_keys(each)


@pytest.mark.slow
@pytest.mark.parametrize("files", [ZOO, BROKEN], ids=["sound", "broken"])
def test_every_spec_is_described_as_the_schema_says(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", *files, "--format", "json"])
    output = json.loads(capsys.readouterr().out)
    assert len(output) == len(files)
    Draft202012Validator(close(SCHEMAS["check"])).validate(output)


def test_every_schema_has_a_command() -> None:
    assert SCHEMAS.keys() - {"sweep-results"} == COMMANDS.keys()


def test_results_of_sweeps_are_as_their_schema_says() -> None:
    """Each field of the file stands in the schema, and each field of the schema in the file."""
    runs = [make_entry(name, overrides={"width": "8", "seed": name}) for name in "01"]
    plan = Plan.model_construct(network="Tiny")
    results = describe_sweep(Sweep(Path("sweep"), plan, tuple(runs), {"2": "no data"}, 1))
    Draft202012Validator(close(SCHEMAS["sweep-results"])).validate(results)
    assert {key for key, _ in list_properties(SCHEMAS["sweep-results"])} <= {*list_keys(results)}
    nothing = describe_sweep(Sweep(Path("sweep"), plan, (), {}, 3))
    Draft202012Validator(close(SCHEMAS["sweep-results"])).validate(nothing)


@pytest.mark.parametrize("name", COMMANDS)
def test_output_is_as_its_schema_says(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each field of the output stands in the schema, and each field of the schema in some output."""
    for file, text in FILES.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    (tmp_path / "specs").symlink_to(SPECS)
    write_project(tmp_path / "ours")
    if name == "runs":
        specnet.train(tmp_path / "tiny.net", {"epochs": 1}, run=tmp_path / "runs/a")
    monkeypatch.chdir(tmp_path)
    Draft202012Validator.check_schema(SCHEMAS[name])
    validator = Draft202012Validator(close(SCHEMAS[name]))
    seen = set[str]()
    for words in COMMANDS[name]:
        assert main([name, *words, "--format", "json"]) in (0, 1), capsys.readouterr().err
        output = json.loads(capsys.readouterr().out)
        for error in validator.iter_errors(output):
            raise AssertionError(f"{words[:1]}: {list(error.absolute_path)}: {error.message[:500]}")
        seen |= {*list_keys(output)}
    assert {key for key, _ in list_properties(SCHEMAS[name])} - seen == set()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_described(name: str) -> None:
    for key, schema in list_properties(SCHEMAS[name]):
        assert schema.get("description", "").endswith(".") or "$ref" in schema or "anyOf" in schema, key
        assert f"`{key}`" in PAGE, f"docs/json.md says nothing of `{key}`"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"digest": "sha256:0"},
        {"layers": [{}]},
        {"totals": {}},
        {"more": 1},
        {"inputs": [{"name": "input", "shape": [0, 1, 1]}]},
    ],
)
def test_what_is_not_as_the_schema_says_is_found(change: Any, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "alexnet", "--format", "json"])
    output = json.loads(capsys.readouterr().out)
    validator = Draft202012Validator(close(SCHEMAS["check"]))
    assert validator.is_valid(output)
    assert not validator.is_valid(output | change)
