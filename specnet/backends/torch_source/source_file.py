"""Write the main block of the file and the imports of what the layers of plugins name."""

from __future__ import annotations

from collections.abc import Iterable

from specnet.graph import Network
from specnet.layers.base import order_as_torch


def write_main(network: Network, name: str) -> str:
    """Return lines that run the model on a batch of zeros and print the shapes of its outputs."""
    zeros = ", ".join(f"torch.zeros({', '.join(map(str, (1, *order_as_torch(i.shape))))})" for i in network.inputs)
    several = len(network.outputs) + len(network.heads) > 1
    shapes = "*(tuple(output.shape) for output in outputs)" if several else "tuple(output.shape)"
    return f"""if __name__ == "__main__":
    model = {name}().eval()
    with torch.no_grad():
        {"outputs" if several else "output"} = model({zeros})
    print({shapes})
    print(f"{{sum(p.numel() for p in model.parameters()):,}} parameters")"""


def list_foreign_modules(targets: Iterable[str]) -> list[str]:
    """Return the modules of the import paths among the targets: `mypkg.modules` of `mypkg.modules:Swish`."""
    return sorted({target.partition(":")[0] for target in targets if ":" in target})
