"""Which layers of a prototxt are read, what size their images have, and what is said of a file that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from specnet.importers import Fate, UnreadableModel, import_model
from specnet.settings.schedule import Step

DATA = 'layer { name: "d" type: "Data" top: "data" top: "label" %s }\n'
RELU = 'layer { name: "r" type: "ReLU" bottom: "data" top: "a" %s }\n'
CROP = "transform_param { crop_size: 20 }"


def write(folder: Path, text: str, name: str = "net.prototxt") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (CROP, (20, 20, 3)),
        ("transform_param { crop_size: 20 force_gray: true }", (20, 20, 1)),
        ("transform_param { resize_param { height: 10 width: 12 } }", (10, 12, 3)),
        ("image_data_param { new_height: 10 new_width: 12 is_color: false }", (10, 12, 1)),
        ("memory_data_param { batch_size: 1 channels: 2 height: 5 width: 6 }", (5, 6, 2)),
        ('data_param { source: "examples/mnist/mnist_train_lmdb" }', (28, 28, 1)),
        ('data_param { source: "examples/cifar10/cifar10_train_lmdb" }', (32, 32, 3)),
        (f"include {{ phase: TRAIN }} {CROP}", (20, 20, 3)),
    ],
)
def test_the_size_of_images_is_that_of_the_data_layer(data: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    result = import_model(write(tmp_path, DATA % data + RELU % ""))
    assert result.checked.network.inputs[0].shape == shape


def test_a_phase_takes_its_size_from_the_other_one(tmp_path: Path) -> None:
    text = DATA % f"include {{ phase: TRAIN }} {CROP}" + DATA % "include { phase: TEST }" + RELU % ""
    result = import_model(write(tmp_path, text))
    assert result.checked.network.inputs[0].shape == (20, 20, 3)
    assert result.imported.entries[0].reasons == ("it is only of the phase TRAIN",)


def test_old_files_are_read_as_new_ones(tmp_path: Path) -> None:
    old = """input: "data" input_dim: 1 input_dim: 3 input_dim: 12 input_dim: 12
layers { name: "c" type: CONVOLUTION bottom: "data" top: "c" blobs_lr: 1
  convolution_param { num_output: 4 kernel_size: 3 } }
layers { layer { name: "p" type: "pool" pool: MAX kernel_size: 2 stride: 2 } bottom: "c" top: "p" }
"""
    result = import_model(write(tmp_path, old))
    assert [node.output for node in result.checked.network.nodes] == [(10, 10, 4), (5, 5, 4)]
    assert {entry.fate for entry in result.imported.entries} == {Fate.EXACT}


def test_the_stage_of_deployment_is_taken(tmp_path: Path) -> None:
    text = DATA % f'include {{ stage: "train" }} {CROP}'
    text += 'layer { name: "i" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } '
    text += 'include { stage: "deploy" } }\n' + RELU % 'exclude { stage: "deploy" }'
    text += 'layer { name: "s" type: "Sigmoid" bottom: "data" top: "s" }'
    result = import_model(write(tmp_path, text))
    assert [node.kind for node in result.checked.network.nodes] == ["sigmoid"]
    assert result.checked.network.inputs[0].shape == (8, 8, 3)


def test_a_file_may_be_one_line(tmp_path: Path) -> None:
    result = import_model(write(tmp_path, f'name: "n" {DATA.strip() % CROP} {RELU.strip() % ""}'))
    assert len(result.checked.network.nodes) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name: "a"\nlayer {\n  name: "b"', r"net.prototxt, line 2: `layer {` is never closed"),
        ('name: "a"\nlayer { name: }', "line 2: `name` has no value"),
        ('name: "a"\n}\nlayer { }', "line 2: there is a brace that closes nothing"),
        ("layer { a " + "{ a " * 99, "more than 64 messages in each other"),
        ('input: "data"', "has no layers"),
        (DATA % "" + RELU % "", r"the Data `d` \(line 1\) does not say the size of its images; give it by `input="),
        (RELU % "", r"reads `data`, which no layer above gives; if it is the input"),
        ('net: "nowhere.prototxt"\nbase_lr: 1', "is the solver of the network `nowhere.prototxt`, which is neither"),
        ("base_lr: 1", "a solver that names no network"),
        ('input: "data" input_dim: 1 input_dim: 3 input_dim: 0 input_dim: 8\n' + RELU % "", "the input `data`"),
        ('input: "data" input_shape { dim: 1 dim: 3 dim: 4 dim: 8 dim: 8 }\n' + RELU % "", "has 5 axes"),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_message(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableModel, match=message):
        import_model(write(tmp_path, text))


def test_a_solver_becomes_the_train_section(tmp_path: Path) -> None:
    source = 'data_param { source: "mnist_train_lmdb" batch_size: 60 }'
    fc = 'layer { name: "f" type: "InnerProduct" bottom: "a" top: "f" inner_product_param { num_output: 10 } }'
    write(tmp_path, DATA % source + RELU % "" + fc, "models/x/train.prototxt")
    solver = 'net: "models/x/train.prototxt" base_lr: 0.1 momentum: 0.9 weight_decay: 0.0005 max_iter: 10000 '
    policy = 'lr_policy: "multistep" gamma: 0.1 stepvalue: 5000 stepvalue: 8000 type: "Nesterov"'
    result = import_model(write(tmp_path, solver + policy, "models/x/solver.prototxt"))
    lines = [" ".join(line.split()) for line in result.text.splitlines()]
    assert "optimizer sgd lr=0.1 weight_decay=0.0005 momentum=0.9 nesterov" in lines
    training = result.checked.network.training
    assert training and isinstance(training.schedule, Step) and training.schedule.at == (5, 8)
    assert {"batch 60", "epochs 10"} <= {*lines}


def test_a_policy_without_a_schedule_is_a_comment(tmp_path: Path) -> None:
    write(tmp_path, DATA % CROP + RELU % "")
    solver = write(
        tmp_path, 'net: "net.prototxt"\nbase_lr: 0.01\nlr_policy: "inv"\ngamma: 0.1\npower: 0.75', "s.prototxt"
    )
    assert "is (1 + 0.1·n)^-0.75 of the first" in import_model(solver).text
