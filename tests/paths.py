"""The folders that tests read: the checkout's own, and the reference data beside it."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "specs"
ERRORS = ROOT / "tests" / "errors"
GOLDEN = ROOT / "tests" / "golden"
SHARED = ROOT.parent / "shared"
