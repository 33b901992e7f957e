"""Breaks the zoo's specs at random, one number or name at a time, and counts how well the checker answers.

python tools/mutations.py [COUNT] [SEED]
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from specnet.compiler import Checked, check_source, read_beside
from specnet.diagnostics import Diagnostic
from specnet.fixes import edited, with_fixes
from specnet.source import Source

SPECS = Path(__file__).parents[1] / "specs"
TOKEN = re.compile(r"#.*|\"[^\"]*\"|=>.*|\bexpect\b.*|\bnet\b.*|[A-Za-z_]\w*|\d+(?:\.\d+)?")
SHAPE_CODES = ("E30", "E310", "E401", "E402")


@dataclass(frozen=True)
class Mutation:
    """A spec's text with one number or name changed, and the line of the change."""

    file: Path
    text: str
    line: int
    original: str


def mutation(chance: random.Random, file: Path) -> Mutation:
    """One number changed to a near or a random other one, or one letter of a name changed, outside of claims."""
    text = file.read_text(encoding="utf-8")
    tokens = [m for m in TOKEN.finditer(text) if m[0][0].isalnum() and not m[0].startswith(("expect", "net"))]
    token = chance.choice(tokens)
    changed = _number(chance, token[0]) if token[0][0].isdigit() else _name(chance, token[0])
    line = text.count("\n", 0, token.start()) + 1
    return Mutation(file, text[: token.start()] + changed + text[token.end() :], line, text)


def _number(chance: random.Random, text: str) -> str:
    value = float(text)
    other = chance.choice((value + 1, value - 1, value * 2, value // 2, chance.randint(0, 300)))
    return f"{abs(other):g}"


def _name(chance: random.Random, text: str) -> str:
    i = chance.randrange(len(text))
    return text[:i] + chance.choice("abcdefghijklmnopqrstuvwxyzKFSP") + text[i + 1 :]


def places(diagnostic: Diagnostic) -> set[int]:
    """The lines that a diagnostic names: its labels and its trace."""
    return {label.span.line for label in diagnostic.labels} | {span.line for span in diagnostic.trace}


def answered(broken: Mutation) -> Checked:
    return with_fixes(check_source(Source(str(broken.file), broken.text)), {}, read_beside)


def count(mutations: int, seed: int) -> Counter[str]:
    """How the checker answers so many mutations."""
    chance, found = random.Random(seed), Counter[str]()
    files = sorted(SPECS.glob("*.net"))
    for _ in range(mutations):
        broken = mutation(chance, chance.choice(files))
        found.update(_judged(broken, answered(broken)))
    return found


def _judged(broken: Mutation, checked: Checked) -> list[str]:
    errors = checked.errors
    if not errors:
        return ["sound"]
    verdicts = ["broken", "at its line" if any(broken.line in places(d) for d in errors) else "elsewhere"]
    if any(d.code.name.startswith(SHAPE_CODES) for d in errors):
        texts = [edited(checked.source, fix.edits).text for d in errors for fix in d.fixes]
        verdicts.append("shape error")
        verdicts += ["restored"] if any(_is_sound(broken.file, text) for text in texts) else []
        verdicts += ["original"] if any(text.split() == broken.original.split() for text in texts) else []
    return verdicts


def _is_sound(file: Path, text: str) -> bool:
    return check_source(Source(str(file), text)).ok


def main() -> None:
    mutations, seed = (int(word) for word in (*sys.argv[1:], *("2000", "0")[len(sys.argv) - 1 :]))
    found = count(mutations, seed)
    print(f"{mutations} mutations: {found['sound']} are sound networks, {found['broken']} are broken")
    print(f"{found['at its line'] / found['broken']:.1%} of those are reported at the changed line, or trace to it")
    shape = found["shape error"]
    print(f"{shape} shape errors: {found['restored'] / shape:.1%} with a fix after which the whole network checks,")
    print(f"  {found['original'] / shape:.1%} with the original text among the offers")


if __name__ == "__main__":
    main()
