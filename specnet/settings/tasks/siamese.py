"""task siamese: whether two images are of one class, by a score of both or by the distance of their embeddings."""

from __future__ import annotations

from typing import ClassVar

from specnet.settings.loss import Hinge, Loss, Target
from specnet.settings.task import Metric, Shape, Task, format_shape, require_one_input, require_vector


class Siamese(Task):
    """Pairs of images, half of them of one class, measured by the share that is rightly told.

    A network with two inputs answers with one score, above 0 for one class. A network with one input answers with an
    embedding, and two images are of one class where their embeddings are near.
    """

    target: ClassVar[Target] = Target.PAIR
    metric: ClassVar[Metric] = Metric("accuracy", "accuracy", is_share=True)

    @property
    def default_loss(self) -> Loss:
        return Hinge()

    def check_shapes(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> str:
        if loss.embeds:
            return _require_embedding(inputs, output)
        return _require_two(inputs) or _require_score(output)

    def correct_outputs(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> int | None:
        is_counted = not loss.embeds and not _require_two(inputs) and len(output) == 1
        return 1 if is_counted else None

    def count_outputs(self, classes: int) -> int | None:
        return None


def _require_embedding(inputs: tuple[Shape, ...], output: Shape) -> str:
    """Check that a network makes an embedding of one image."""
    if len(inputs) == 2:
        return (
            "the network has two inputs and says one score of both, which `loss hinge` and `loss binary_cross_entropy` "
            "compare; the losses of embeddings take a network with one input"
        )
    return require_one_input(inputs) or require_vector(output, "the embedding of an image")


def _require_two(inputs: tuple[Shape, ...]) -> str:
    """Check that a network reads two images of one size."""
    if len(inputs) != 2:
        inputs_there = "one input" if len(inputs) == 1 else f"{len(inputs)} inputs"
        return (
            f"the network has {inputs_there}, and a score is of two images: give it two inputs, or take "
            "`loss contrastive` or `loss triplet`, which compare embeddings of one image each"
        )
    if inputs[0] != inputs[1]:
        one, other = map(format_shape, inputs)
        return f"the inputs are {one} and {other}, and both images of a pair have one size"
    return "the network reads vectors, and training needs one that reads images" if len(inputs[0]) != 3 else ""


def _require_score(output: Shape) -> str:
    if output == (1,):
        return ""
    return f"the network's output is {format_shape(output)}, and it is to be one score of both images: end it in `fc 1`"
