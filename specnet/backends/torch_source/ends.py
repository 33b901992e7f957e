"""What stands before and after the classes: what the network is, and a few lines that run it."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from specnet.analyses.cost import costs, total
from specnet.backends.torch_source.layout import WIDTH
from specnet.graph import Network
from specnet.layers.base import Shape


def docstring(network: Network, origin: str) -> str:
    """The network's name, its ends, its totals, and the spec that it was written from."""
    spent = total(costs(network))
    title = f"{network.name or 'A network'}{': ' if network.description else ''}{network.description}"
    paragraphs = [
        title,
        "",
        _ends(network),
        f"{spent.parameters:,} parameters; {spent.macs:,} multiply-accumulates of one forward pass for one image.",
        f"Written by SpecNet from {origin or 'a spec'}",
        network.digest,
    ]
    lines = [line for paragraph in paragraphs for line in wrap(_quoted(paragraph), WIDTH - 3) or [""]]
    return "\n".join([f'"""{lines[0]}', *lines[1:], '"""'])


def _quoted(text: str) -> str:
    """The text as it stands within triple quotes."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _ends(network: Network) -> str:
    """Input N×3×227×227, output N×1000."""
    inputs = [(i.name, i.shape) for i in network.inputs]
    outputs = [(value, network.shapes[value]) for value in network.outputs]
    outputs += [(head.name, network.shapes[head.value]) for head in network.heads]
    return f"Input {_shapes(inputs)}; output {_shapes(outputs)}."


def _shapes(named: Sequence[tuple[str, Shape | None]]) -> str:
    shown = [(name, "×".join(["N", *map(str, as_torch(shape or ()))])) for name, shape in named]
    return shown[0][1] if len(shown) == 1 else ", ".join(f"{name} {shape}" for name, shape in shown)


def as_torch(shape: Shape) -> Shape:
    """Channels first."""
    return (shape[-1], *shape[:-1])


def main(network: Network, name: str) -> str:
    """Builds the model, runs a batch of zeros and prints what comes out."""
    zeros = ", ".join(f"torch.zeros({', '.join(map(str, (1, *as_torch(i.shape))))})" for i in network.inputs)
    several = len(network.outputs) + len(network.heads) > 1
    shown = "*(tuple(output.shape) for output in outputs)" if several else "tuple(output.shape)"
    return f"""if __name__ == "__main__":
    model = {name}().eval()
    with torch.no_grad():
        {"outputs" if several else "output"} = model({zeros})
    print({shown})
    print(f"{{sum(p.numel() for p in model.parameters()):,}} parameters")"""
