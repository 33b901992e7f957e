"""The joins that compute element by element, and repeat an input along the axes on which it has a single element."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import ClassVar

from specnet.diagnostics import Code
from specnet.layers.base.families import Join
from specnet.layers.base.shapes import (
    AXES_BY_RANK,
    NOUNS,
    TO_MAP,
    TO_SEQUENCE,
    LayerError,
    LayerNote,
    Shape,
    Shapes,
    format_shape,
    format_shapes,
    is_map,
    is_sequence,
    join_words,
)
from specnet.layers.base.traits import (
    SAME_POSITION,
    Elements,
    Kept,
    Reach,
    Reading,
    ReceptiveField,
    Trait,
    Traits,
    read_same_position,
)


class Elementwise(Join):
    """A join of vectors of equal lengths, or of maps or sequences that agree on each axis but for 1s.

    A 1 is repeated, as torch broadcasts: 1×1×C beside H×W×C over all positions, H×W×1 over all channels, and H×1×C
    beside 1×W×C gives H×W×C; 1×C beside L×C over all tokens. More than two inputs are joined from the left.
    """

    kind_traits: ClassVar[Traits] = frozenset({Trait.EQUAL_SHAPES})

    def output(self, inputs: Shapes) -> Shape:
        if len({len(shape) for shape in inputs}) > 1:
            raise refuse_ranks(inputs, Trait.EQUAL_SHAPES in self.traits)
        if differing := _name_differing_axes(inputs):
            fact = f"has arms that differ in {differing}: {format_shapes(inputs)}"
            raise LayerError(Code.E310, fact, (), format_shapes(inputs), self._explain_arms(inputs))
        return broadcast(inputs)

    def _explain_arms(self, inputs: Shapes) -> tuple[str, ...]:
        """Return what an arm of a map may be, where one seems to be repeated on purpose."""
        is_usual = Trait.EQUAL_SHAPES not in self.traits
        if not is_map(inputs[0]) or not (is_usual or any(1 in shape for shape in inputs)):
            return ()
        height, width, channels = whole = max(inputs, key=prod)
        examples = join_words([*map(format_shape, ((1, 1, channels), (height, 1, channels), (height, width, 1)))])
        return (f"beside {format_shape(whole)} an arm may have 1 along any axis, such as {examples}",)

    def notes(self, inputs: Shapes) -> tuple[LayerNote, ...]:
        channels = self.output(inputs)[-1]
        single = [shape for shape in inputs if shape[-1] < channels]
        if not single or Trait.EQUAL_SHAPES not in self.traits:
            return ()
        fact = f"repeats the one channel of {format_shape(single[0])} over {channels} channels"
        return (LayerNote(Code.N303, fact, (), format_shapes(inputs)),)

    def shape_beside(self, shape: Shape, other: Shape) -> Shape | None:
        if Trait.EQUAL_SHAPES in self.traits or len(shape) != len(other):
            return other
        return tuple(own if 1 in (own, size) else size for own, size in zip(shape, other, strict=True))

    def converter(self, shape: Shape, other: Shape) -> str:
        if len(shape) == 1 and len(other) > 1 and shape[0] == other[-1] and Trait.EQUAL_SHAPES not in self.traits:
            return "reshape " + "1x" * (len(other) - 1) + str(shape[0])
        if is_map(shape) and is_sequence(other):
            return TO_SEQUENCE
        return f"{TO_MAP} {other[0]}x{other[1]}" if is_sequence(shape) and is_map(other) else ""

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        """Return the same position of each input, or its only one along an axis on which it is repeated."""
        if len(inputs[0]) == 1:
            return read_same_position(inputs)
        whole = self.output(inputs)
        return tuple(_read_repeated(shape, whole) for shape in inputs)

    def passes_gradient(self, inputs: Shapes) -> tuple[bool, ...]:
        """Return that of an input as it is; the gradient of one that is repeated is a sum."""
        whole = self.output(inputs)
        return tuple(self.shares_gradient and shape == whole for shape in inputs)

    def scratch(self, inputs: Shapes) -> int:
        """Return the largest result for the first arms, where there are more than two."""
        return max(map(prod, list_partial_results(inputs)[:-1]), default=0)


class Product(Elementwise):
    """A join whose gradients are products with its inputs, which torch keeps."""

    shares_gradient: ClassVar[bool] = False

    def kept(self, inputs: Shapes) -> Kept | None:
        partial = list_partial_results(inputs)[:-1]
        return Kept(inputs=tuple(range(len(inputs))), elements=sum(map(prod, partial)))

    def backward_scratch(self, inputs: Shapes) -> int:
        """Return the most beside the output's and all inputs' gradients in any step, which takes two inputs apart.

        The gradient of a partial result, and one of the whole size for each input that is repeated, of which that
        input's gradient is a sum. The last input's step comes first, after which the output's gradient is freed.
        """
        results = list_partial_results(inputs)
        steps = zip((inputs[0], *results), inputs[1:], results, strict=False)
        counts = (self._count_in_step(place, *step) for place, step in enumerate(steps))
        absent = (self._count_absent(inputs, results, place) for place in range(len(results)))
        return max(count - less for count, less in zip(counts, absent, strict=True))

    def _count_in_step(self, place: int, left: Shape, right: Shape, result: Shape) -> int:
        repeated = (place > 0 or left != result) + (right != result)
        return prod(result) * repeated + self.count_temporaries(prod(result))

    def _count_absent(self, inputs: Shapes, results: list[Shape], place: int) -> int:
        """Return the elements of gradients that are not computed yet in a step, and of results that are freed."""
        missing = inputs[: place + 1] if place > 0 else ()
        return sum(map(prod, (*missing, *results[place + 1 :])))

    def count_temporaries(self, size: int) -> int:
        """Return the elements that torch computes the gradients of two inputs by, for a result of this size."""
        return 0


def broadcast(inputs: Shapes) -> Shape:
    """Return the shape that inputs which agree but for sizes of 1 have together."""
    return tuple(map(max, zip(*inputs, strict=True)))


def list_partial_results(inputs: Shapes) -> list[Shape]:
    """Return the shapes of the first two inputs joined, of the first three, and so on up to all."""
    return [broadcast(inputs[:count]) for count in range(2, len(inputs) + 1)]


def refuse_ranks(inputs: Shapes, are_equal: bool = True) -> LayerError:
    """Return the error of maps beside sequences or vectors, with the layer that makes one of the other.

    `are_equal`: whether the inputs usually have equal shapes, so that none of them was meant as a vector.
    """
    ranks = sorted({len(shape) for shape in inputs}, reverse=True)
    shapes = format_shapes(inputs)
    fact = f"joins {' with '.join(f'{NOUNS[rank]}s' for rank in ranks)}: {shapes}"
    return LayerError(Code.E310, fact, (), shapes, tuple(_explain_ranks(inputs, ranks, are_equal)))


def _explain_ranks(inputs: Shapes, ranks: list[int], are_equal: bool) -> Iterator[str]:
    whole = next(shape for shape in inputs if len(shape) == ranks[0])
    if 1 in ranks:
        ones = "1x" * (len(whole) - 1)
        form = f"{ones}{whole[-1]}"
        yield f"a vector is joined with a {NOUNS[len(whole)]} as {form.replace('x', '×')}, by `reshape {form}`"
        if is_map(whole) and are_equal:
            yield "`fc` flattens a map: `tokens` before it lets it take each position, as `conv F=1` does"
    if {2, 3} <= {*ranks}:
        yield "`tokens` makes a sequence of a map, and `map like=@x` a map of a sequence"


def _name_differing_axes(inputs: Shapes) -> str:
    """Return the axes on which inputs of one rank differ and cannot be repeated: `height, width and channels`."""
    if len(inputs[0]) == 1:
        return "length" if len(set(inputs)) > 1 else ""
    sizes = zip(AXES_BY_RANK[len(inputs[0])], zip(*inputs, strict=True), strict=True)
    return join_words([axis for axis, along in sizes if len({*along} - {1}) > 1])


def _read_repeated(shape: Shape, whole: Shape) -> Reading:
    """Return what a position of the whole reads of an input: the only position along an axis where it is repeated."""
    if shape[:-1] == whole[:-1]:
        return SAME_POSITION
    if is_sequence(shape):
        return Elements.POSITIONS
    height, width = (Reach() if shape[axis] == whole[axis] else Reach(stride=0) for axis in (0, 1))
    return height, width
