"""The network as source that needs only torch: what a person would have written, with the parameter names of the table.

network → flow (the nodes that do something) → outline (scopes as units) → classes (units of one structure) → text
"""

from __future__ import annotations

from specnet.backends.torch_source.classes import Classes
from specnet.backends.torch_source.constructor import constructor
from specnet.backends.torch_source.designs import Design
from specnet.backends.torch_source.embedded_modules import copied, imports
from specnet.backends.torch_source.ends import docstring, main
from specnet.backends.torch_source.flow import flow
from specnet.backends.torch_source.forward import forward
from specnet.backends.torch_source.naming import class_of_network, inputs
from specnet.backends.torch_source.outline import outline
from specnet.backends.torch_source.parts import Parts
from specnet.graph import Network


def source(network: Network, origin: str = "") -> str:
    """Python source of a network that was checked without errors; `origin` is the name of its spec."""
    flowing = flow(network)
    root = outline(network, flowing)
    copies = copied(call.target for calls in flowing.called.values() for call in calls)
    classes = Classes(network, root, class_of_network(network.name, copies), set(copies))
    blocks = [*copies.values(), *(_class(network, design, classes) for design in (*classes.designs, classes.root))]
    blocks.append(main(network, classes.root.name))
    body = "\n\n\n".join(blocks)
    return f"{docstring(network, origin)}\n\n{imports(body)}\n\n\n{body}\n"


def _class(network: Network, design: Design, classes: Classes) -> str:
    parts = Parts(network, design, classes.instances)
    names = inputs(design.whole, network.scopes.get(design.whole.path))
    made, called = constructor(parts), forward(parts, names)
    return "\n".join([f"class {design.name}(nn.Module):", *made, *([""] if made else []), *called])
