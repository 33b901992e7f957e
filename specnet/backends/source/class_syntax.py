"""What differs between the classes of libraries: torch's `nn.Module` and Flax's `nnx.Module`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from specnet.backends.source.calls import SourceCall
from specnet.backends.source.pretty_printer import PythonText

ApplyFunction = Callable[[SourceCall, str, Sequence[PythonText], Sequence[PythonText]], PythonText]
"""Writes a call that is no module: the call, its function as it is written here, its values and its arguments."""


@dataclass(frozen=True)
class ClassSyntax:
    """The words in which a library writes a class of layers."""

    base: str
    method: str
    sequential: str
    module_list: str
    container: str
    size: str
    """The height and width of a value."""
    apply_function: ApplyFunction
    first_line: str = ""
    """What a constructor says before all else."""
    keyword: str = ""
    """A parameter of every constructor, which hands it on: `rngs`."""
    has_paths: bool = False
    """Whether a module is asked for another one below it by a dotted path, whatever its name."""
    freezes: bool = False
    """Whether a parameter is frozen where its module is made."""

    @property
    def own_parameters(self) -> tuple[str, ...]:
        """The parameters of a constructor beside those of the class."""
        return ("*", self.keyword) if self.keyword else ()

    def hand_on(self, arguments: Sequence[PythonText]) -> list[PythonText]:
        """Return the arguments of a constructor's call with the one that every constructor takes."""
        return [*arguments, f"{self.keyword}={self.keyword}"] if self.keyword else [*arguments]
