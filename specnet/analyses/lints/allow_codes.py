"""W506: `# specnet: allow` with a code that is neither a warning nor a note."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.view import Finding, LintRow, View
from specnet.analyses.messages import find_comments
from specnet.diagnostics import Code, Severity
from specnet.suggest import did_you_mean, find_closest_word


def find_impossible_codes(view: View) -> Iterator[Finding]:
    """Yield the codes, in comments and in the project's list, that do not exist or cannot be allowed."""
    for comment, *codes in find_comments(view.source):
        if not codes:
            yield Finding(comment, fact="`allow` names no code", beside="as in `# specnet: allow W501`")
        for code in codes:
            if why := _explain_impossible(code.text):
                yield Finding(code, fact=why)
    for name in sorted(view.allowed.project):
        if why := _explain_impossible(name):
            yield Finding(None, fact=f"{why}, though `allow = […]` lists it")


def _explain_impossible(name: str) -> str:
    """Return why a code cannot be allowed; empty if it can."""
    if "/" in name:
        return _explain_unregistered(name)
    if name not in Code.__members__:
        return f"there is no code `{name}` to allow"
    return f"`{name}` is an error, and no error can be allowed" if Code[name].severity is Severity.ERROR else ""


def _explain_unregistered(name: str) -> str:
    """Return why there is no such code of a plugin's lint; empty for that of a plugin that is not loaded."""
    from specnet.analyses.lints.own import OWN_LINTS

    known = [code for code in OWN_LINTS.list_words() if code.startswith(f"{name.partition('/')[0]}/")]
    if name in known or not known:
        return ""
    return f"there is no code `{name}` to allow{did_you_mean(find_closest_word(name, known))}"


LINTS = (LintRow(Code.W506, find_impossible_codes, help="`specnet explain` lists all codes"),)
