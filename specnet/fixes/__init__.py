"""Fixes for errors: edits that remove an error without causing another, verified by checking the edited spec."""

from specnet.fixes.search import add_fixes as add_fixes
from specnet.fixes.selection import collect_edits as collect_edits
from specnet.fixes.selection import select_offered_fixes as select_offered_fixes
from specnet.fixes.selection import select_safe_fixes as select_safe_fixes
from specnet.fixes.verification import apply_edits as apply_edits
