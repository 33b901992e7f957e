"""Blocks, repetitions, joins, names: what a text becomes."""

from __future__ import annotations

import pytest

import specnet
from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code
from specnet.printer.values import format_layer
from specnet.source import Source

BOTTLENECK = """
default conv bias=no
block bottleneck(K, S=1) {
  add {
    | conv K=K   F=1         -> bn -> relu
      conv K=K   F=3 S=S P=1 -> bn -> relu
      conv K=4*K F=1         -> bn
    | identity or { conv K=4*K F=1 S=S -> bn }
  }
  relu
}
"""


def checked(text: str) -> Checked:
    result = check_source(Source("test.net", text))
    assert result.ok, [diagnostic.message for diagnostic in result.diagnostics]
    return result


def names(text: str) -> list[str]:
    return [node.name for node in checked(text).network.nodes]


def shapes(text: str) -> dict[str, tuple[int, ...] | None]:
    return {node.name: node.output for node in checked(text).network.nodes}


def test_labelled_lines_name_their_nodes() -> None:
    text = "input 8x8x3\nconv1: conv K=4 F=3 -> relu -> relu\nfc 10 -> relu"
    assert names(text) == ["conv1", "conv1_relu", "conv1_relu2", "fc1", "relu3"]


def test_an_unlabelled_line_more_renames_no_labelled_one() -> None:
    text = "input 8x8x3\n{}a: conv K=4 F=3 -> bn\nb: fc 10\n"
    assert set(names(text.format(""))) <= set(names(text.format("conv K=3 F=1 -> relu\n")))


def test_a_number_does_not_take_a_label_that_is_still_to_come() -> None:
    assert names("input 8x8x3\nconv K=4 F=3\nconv1: conv K=4 F=3") == ["conv2", "conv1"]


def test_a_kind_that_ends_in_a_digit_is_set_off_from_its_number() -> None:
    assert names("input 8x8x3\nrelu6 -> relu6") == ["relu6_1", "relu6_2"]


def test_a_file_of_blocks_alone_is_sound() -> None:
    assert checked("block a { relu }").network.nodes == ()


@pytest.mark.parametrize(
    "word", ["train", "type", "half", "float", "self", "class", "None", "_modules", "__init__", "torch", "F"]
)
def test_words_of_a_torch_module_are_escaped(word: str) -> None:
    assert names(f"input 8x8x3\n{word}: fc 3") == [f"{word}_"]


def test_repetitions_are_numbered_and_a_single_block_takes_the_number() -> None:
    text = BOTTLENECK + "input 8x8x3\nlayer1: repeat 2 { bottleneck K=4 }"
    assert names(text)[:4] == ["layer1.0.conv1", "layer1.0.bn1", "layer1.0.relu1", "layer1.0.conv2"]
    assert "layer1.0.conv4" in names(text)
    assert "layer1.1.conv4" not in names(text), "the second shortcut is the identity"


def test_unlabelled_repetitions_and_loops() -> None:
    text = "input 8x8x3\nrepeat 2 { fc 4 -> relu }\nfor K in 5 6 { fc K }\nrepeat i in 1..3 { fc i }"
    assert shapes(text) == {
        "repeat1.0.fc1": (4,),
        "repeat1.0.relu1": (4,),
        "repeat1.1.fc1": (4,),
        "repeat1.1.relu1": (4,),
        "for1.0.fc1": (5,),
        "for1.1.fc1": (6,),
        "repeat2.0.fc1": (1,),
        "repeat2.1.fc1": (2,),
    }


def test_the_shape_that_arrives_is_known_in_expressions() -> None:
    text = "input 8x6x4\nconv K=C*2 F=3 P=1 G=C -> conv K=C//4 F=1\nlet w = W\nfc (w if H > 7 else 3)"
    assert list(shapes(text).values()) == [(8, 6, 8), (8, 6, 2), (6,)]


def test_conditions_choose_what_is_built() -> None:
    text = "let deep = no\ninput 8x8x3\nif deep { fc 3 } else if C == 3 { fc 4 } else { fc 5 }"
    assert list(shapes(text).values()) == [(4,)]
    assert check_source(Source("x", text), {"deep": "yes"}).network.nodes[0].output == (3,)


def test_squeeze_and_excitation_multiplies_a_map_by_its_channels_weights() -> None:
    text = """
    block squeeze_excite(r=16) {
      let width = C
      mul { | identity
            | pool avg global -> conv K=width//r F=1 -> relu -> conv K=width F=1 -> sigmoid }
    }
    input 8x8x32
    squeeze_excite
    squeeze_excite r=8
    """
    result = shapes(text)
    assert result["squeeze_excite1.conv1"] == (1, 1, 2)
    assert result["squeeze_excite2.conv1"] == (1, 1, 4)
    assert result["squeeze_excite2.mul1"] == (8, 8, 32)


@pytest.mark.parametrize("join", ["add", "sub", "mul", "maximum"])
def test_a_shape_that_could_be_repeated_is_not_that_of_the_other_arm(join: str) -> None:
    """`identity or { … }` asks for equal shapes, and 8×8×1 beside 8×8×4 is another one."""
    found = names(f"input 8x8x1\n{join} {{ | conv K=4 F=3 P=1 | identity or {{ conv K=4 F=1 }} }}")
    assert found == ["conv1", "conv2", f"{join}1"]


def test_taps_carry_values_past_other_lines() -> None:
    text = "input 8x8x3\nconv K=4 F=1 -> @skip\npool max F=2\nupsample 2 -> concat @skip"
    network = checked(text).network
    assert network.nodes[-1].inputs == ("upsample1", "conv1")
    assert network.nodes[-1].output == (8, 8, 8)


def test_a_label_is_a_tap_too_and_a_block_takes_taps_as_values() -> None:
    text = "block up(skip) { upsample 2 -> concat skip }\ninput 8x8x3\na: conv K=4 F=1 -> relu\npool max F=2\nup @a"
    network = checked(text).network
    assert network.nodes[-1].inputs == ("up1.upsample1", "a_relu")


def test_a_tap_goes_through_a_block_into_another() -> None:
    blocks = "block join(skip) { concat skip }\nblock outer(s) { relu -> join s }\n"
    text = blocks + "input 8x8x3 -> @x\nconv K=4 F=1 -> outer @x"
    assert checked(text).network.nodes[-1].inputs == ("outer1.relu1", "input")


def test_an_input_whose_size_has_no_value_is_one_error() -> None:
    diagnostics = check_source(Source("x", "input size\nconv K=4 F=3")).diagnostics
    assert [diagnostic.code.name for diagnostic in diagnostics] == ["E102"]


def test_heads_are_outputs_on_the_side() -> None:
    text = "input 8x8x3\nconv K=4 F=1\nhead aux weight=0.3 { fc 5 }\nfc 6"
    network = checked(text).network
    assert network.outputs == ("fc1",)
    assert [(head.name, head.value, head.weight) for head in network.heads] == [("aux", "aux.fc1", 0.3)]


def test_the_same_line_again_uses_the_same_weights() -> None:
    text = "input a 8x8x1\nf: conv K=4 F=3 -> relu -> fc 5 -> @x\ninput b 8x8x1\nsame f -> concat @x"
    result = checked(text)
    shared = {node.name: node.shares for node in result.network.nodes if node.shares}
    assert set(shared.values()) == {"f", "f_relu", "f_fc"}
    assert result.totals.parameters == 40 + 144 * 5 + 5


def test_a_block_follows_the_defaults_of_its_definition() -> None:
    text = (
        "input 8x8x3\nblock above() { conv K=4 F=3 }\ndefault conv bias=no\n"
        "block below() { conv K=4 F=3\ndefault conv S=2\nconv K=4 F=2 }\nabove\nbelow\nconv K=4 F=1"
    )
    layers = [format_layer(node.layer) for node in checked(text).network.nodes if node.layer]
    assert layers == ["conv K=4 F=3", "conv K=4 F=3 bias=no", "conv K=4 F=2 S=2 bias=no", "conv K=4 F=1 bias=no"]


def test_rounding_is_accepted_in_the_blocks_of_the_file_too() -> None:
    text = "input 9x9x3\nblock half() { pool max F=2 }\nround floor\nhalf"
    assert checked(text).network.nodes[0].output == (4, 4, 3)


def test_defaults_hold_for_the_lines_that_follow() -> None:
    text = "input 8x8x3\nconv K=4 F=3\ndefault conv bias=no F=1\nconv K=4\nconv K=4 F=3 bias=yes"
    assert [cost.parameters for cost in checked(text).costs.values()] == [112, 16, 148]


def test_round_floor_accepts_what_is_an_error_without() -> None:
    text = "input 8x8x3\nconv K=4 F=3 S=2"
    assert not check_source(Source("x", text)).ok
    assert shapes("round floor\n" + text) == {"conv1": (3, 3, 4)}


def test_an_error_stays_silent_downstream_unless_the_line_claims_its_shape() -> None:
    broken = "input 9x9x3\nconv K=4 F=4 S=2{}\nconv K=4 F=5\npool max F=2 S=2\nfc 3"
    assert len(check_source(Source("x", broken.format(""))).diagnostics) == 1
    codes = [d.code.name for d in check_source(Source("x", broken.format("  => 3x3x4"))).diagnostics]
    assert codes == ["E301", "E302"]


def test_a_wrong_claim_is_said_once() -> None:
    text = "input 8x8x3\nconv K=5 F=3  => 6x6x4\npool max F=2  => 3x3x4\nfc 10"
    assert [d.code.name for d in check_source(Source("x", text)).diagnostics] == ["E401"]


def test_the_digest_knows_the_graph_and_nothing_else() -> None:
    digest = checked("net A\ninput 8x8x3\nconv K=4 F=3").digest
    assert digest == checked("net B # other\n\ninput 8x8x3\nconv F=3 K=4 S=1  => 6x6x4\ntrain { seed 3 }").digest
    assert digest != checked("input 8x8x3\nconv K=4 F=3 bias=no").digest


def test_the_graph_can_be_had_for_networkx() -> None:
    networkx = pytest.importorskip("networkx", reason="the graph is one of networkx")
    graph = specnet.digraph(checked("input 8x8x3\na: conv K=3 F=1\nb: conv K=3 F=1\nadd @a").network)
    assert networkx.is_directed_acyclic_graph(graph)
    assert set(graph.predecessors("add1")) == {"a", "b"}
    assert graph.nodes["b"]["shape"] == (8, 8, 3)


def test_blocks_of_another_file(tmp_path: object) -> None:
    files = {"blocks/a.net": 'use "b.net"\nlet k = 5\nblock a { b k }', "blocks/b.net": "block b(K) { fc K }"}

    def read(path: str, span: object) -> Source:
        return Source(f"blocks/{path.removeprefix('blocks/')}", files[f"blocks/{path.removeprefix('blocks/')}"])

    result = check_source(Source("main.net", 'use "blocks/a.net"\ninput 4x4x1\na'), read=read)
    assert [(node.name, node.output) for node in result.network.nodes] == [("a1.b1.fc1", (5,))]


@pytest.mark.parametrize("body", ["add { | b | relu -> conv 4 F=1 -> relu }", "if yes {\n b\n conv 4 F=1\n}"])
def test_a_block_that_is_not_alone_in_a_repetition_has_a_scope_of_its_own(body: str) -> None:
    """Else its nodes would have the names, and so the weights, of others."""
    checked = check_source(Source("<text>", f"block b {{ conv 4 F=1 }}\ninput 6x6x4\nrepeat 2 {{ {body} }}\nfc 3\n"))
    assert checked.ok
    names = [node.name for node in checked.network.nodes]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("input 8x8x1\nconv K=4 F=5\ninput 3x3x3", ["E103"]),
        ("input 8x8x1\nconv K=4 F=5 => 4x4x4\ninput 3\nfc 2", ["E103"]),
        ("input a 8x8x1\ninput a 3\nfc 2", ["E103"]),
        ("input h 8x8x1\nhead h { fc 3 }\nfc 3", ["E103"]),
        ("input 8x8x1\nhead h { fc 3 }\npermute WHC\nhead h { fc 10 }\nfc 3", ["E103"]),
        ("input 8x8x1\na: conv K=4 F=5\npermute WHC\na: conv K=4 F=1", ["E103"]),
        ("input 8x8x1\na: conv K=4 F=5 -> head h { fc 3 }\nsame a", ["E103"]),
        ("input 8x8x1\ntrain: if C == 1 { train_: conv K=3 F=1 }", ["E103"]),
    ],
)
def test_a_name_that_is_taken_is_said_and_no_two_nodes_share_one(text: str, codes: list[str]) -> None:
    result = check_source(Source("x", text))
    assert [error.code.name for error in result.errors if error.code.name == "E103"] == codes
    network = result.network
    assert len({*network.by_name, *(i.name for i in network.inputs)}) == len(network.nodes) + len(network.inputs)


@pytest.mark.parametrize("weight", ["[1]", "0..1", "1x2", "1:2", "no", "-1", "1e999", "@a", "2x", '"much"'])
def test_the_weight_of_a_head_is_a_number_from_0(weight: str) -> None:
    result = check_source(Source("x", f"input 8x8x1 -> @a\nhead h weight={weight} {{ fc 3 }}\nfc 3"))
    assert [error.code.name for error in result.errors] == ["E112"]
    assert [head.weight for head in result.network.heads] == [1.0]


@pytest.mark.parametrize("name", ["3", '"a b"', "a.b", "[1]", "@a", "weight=1"])
def test_the_name_of_a_head_is_a_word(name: str) -> None:
    result = check_source(Source("x", f"input 8x8x1 -> @a\nhead {name} {{ fc 3 }}\nfc 3"))
    assert [error.code.name for error in result.errors] == ["E106"]


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("block dict { fc 3 }\ninput 8\nstate: relu -> dict", "state_dict2.fc1"),
        ("block module { fc 3 }\ninput 8\nadd: relu -> module", "add_module2.fc1"),
        ("block bfloat { fc 3 }\ninput 8\n" + "bfloat\n" * 16, "bfloat17.fc1"),
    ],
)
def test_a_name_that_is_made_hides_no_attribute_of_a_module(lines: str, name: str) -> None:
    assert names(lines)[-1] == name


def test_an_input_that_cannot_be_read_keeps_its_name() -> None:
    spec = "input left 8x8x1 three\ninput right 8x8x1\nconcat { | @left | @right }\n"
    (error,) = check_source(Source("test.net", spec)).errors
    assert error.code is Code.E106
