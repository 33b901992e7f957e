"""Libraries that results are compared with; a test is skipped where the one that it needs is missing."""

from __future__ import annotations

from types import ModuleType

import pytest
from reference_equality.libraries import import_library


def import_or_skip(name: str) -> ModuleType:
    """Import a module of a library that may import torchvision, also where that was compiled for another torch."""
    try:
        return import_library(name)
    except ImportError as error:
        pytest.skip(f"{error.name or error} is not installed: pip install '.[oracle]'")
