from pathlib import Path

import pytest

from specnet.importers import UnreadableModel, import_model


def test_documentation_in_an_onnx_file_does_not_make_it_a_prototxt(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"\x08\x0a\x12\x07pytorch" + b"\x32\x1f\ninput: USER_INPUT\nlayer {\n[net]\n")

    with pytest.raises(UnreadableModel, match="the file is damaged"):
        import_model(model)


def test_a_safetensors_file_is_told_from_onnx(tmp_path: Path) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes((8).to_bytes(8, "little") + b"{}      ")

    with pytest.raises(UnreadableModel, match="is a safetensors file"):
        import_model(model)


def test_a_name_that_fills_pages_is_cut(tmp_path: Path) -> None:
    model = tmp_path / "model.prototxt"
    layer = 'layer {{ name: "{0}" type: "ReLU" bottom: "data" top: "{0}" }}'.format("c" * 300_000)
    model.write_text(f'input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8 {layer}')

    assert len(import_model(model).text) < 1000
