"""A model of another tool as a spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from specnet.compiler import Checked
from specnet.importers.imported import Imported


@dataclass(frozen=True)
class ImportResult:
    """The text of the spec, checked, and the names in it of the nodes that the source's layers became."""

    imported: Imported
    text: str = field(repr=False)
    checked: Checked
    names: Mapping[str, str] = field(repr=False)
