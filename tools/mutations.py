"""Mutate the specs of the zoo, one number or name at a time, and count how well the checker responds.

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
from specnet.fixes import add_fixes, apply_edits
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


def mutate(chance: random.Random, file: Path) -> Mutation:
    """Change one number to a close or a random one, or one letter of a name, outside claims."""
    text = file.read_text(encoding="utf-8")
    tokens = [m for m in TOKEN.finditer(text) if m[0][0].isalnum() and not m[0].startswith(("expect", "net"))]
    token = chance.choice(tokens)
    changed = _change_number(chance, token[0]) if token[0][0].isdigit() else _change_letter(chance, token[0])
    line = text.count("\n", 0, token.start()) + 1
    return Mutation(file, text[: token.start()] + changed + text[token.end() :], line, text)


def _change_number(chance: random.Random, text: str) -> str:
    value = float(text)
    other = chance.choice((value + 1, value - 1, value * 2, value // 2, chance.randint(0, 300)))
    return f"{abs(other):g}"


def _change_letter(chance: random.Random, text: str) -> str:
    i = chance.randrange(len(text))
    return text[:i] + chance.choice("abcdefghijklmnopqrstuvwxyzKFSP") + text[i + 1 :]


def lines_of(diagnostic: Diagnostic) -> set[int]:
    """Return the lines of a diagnostic's labels and trace."""
    return {label.span.line for label in diagnostic.labels} | {span.line for span in diagnostic.trace}


def check_with_fixes(broken: Mutation) -> Checked:
    return add_fixes(check_source(Source(str(broken.file), broken.text)), {}, read_beside)


def count_verdicts(mutations: int, seed: int) -> Counter[str]:
    """Check so many mutations and count the verdicts."""
    chance, verdicts = random.Random(seed), Counter[str]()
    files = sorted(SPECS.glob("*.net"))
    for _ in range(mutations):
        broken = mutate(chance, chance.choice(files))
        verdicts.update(_judge(broken, check_with_fixes(broken)))
    return verdicts


def _judge(broken: Mutation, checked: Checked) -> list[str]:
    errors = checked.errors
    if not errors:
        return ["sound"]
    verdicts = ["broken", "at its line" if any(broken.line in lines_of(d) for d in errors) else "elsewhere"]
    if any(d.code.name.startswith(SHAPE_CODES) for d in errors):
        texts = [apply_edits(checked.source, fix.edits).text for d in errors for fix in d.fixes]
        verdicts.append("shape error")
        verdicts += ["restored"] if any(_is_sound(broken.file, text) for text in texts) else []
        verdicts += ["original"] if any(text.split() == broken.original.split() for text in texts) else []
    return verdicts


def _is_sound(file: Path, text: str) -> bool:
    return check_source(Source(str(file), text)).ok


def main() -> None:
    mutations, seed = (int(word) for word in (*sys.argv[1:], *("2000", "0")[len(sys.argv) - 1 :]))
    found = count_verdicts(mutations, seed)
    print(f"{mutations} mutations: {found['sound']} still valid, {found['broken']} broken")
    located = found["at its line"] / found["broken"]
    print(f"{located:.1%} of the broken ones are reported at the changed line, or trace to it")
    shape = found["shape error"]
    print(f"{shape} shape errors: {found['restored'] / shape:.1%} have a fix after which the whole network is valid,")
    print(f"  {found['original'] / shape:.1%} a fix that restores the original text")


if __name__ == "__main__":
    main()
