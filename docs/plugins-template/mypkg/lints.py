"""A lint, whose code is `mypkg/wide_fc`."""

from collections.abc import Iterator

from specnet.plugins import Finding, Lint, Trait, View, register


@register
class WideFc(Lint):
    """A fully connected layer has more than 1,000 outputs."""

    def find(self, view: View) -> Iterator[Finding]:
        for node in view.find_nodes(Trait.DENSE):
            if node.output and node.output[-1] > 1000:
                yield view.make_finding(node, "out_features", f"{node.output[-1]:,} outputs")
