"""Mutate the specs of the zoo, one slip at a time, and count how well the checker responds to each kind of slip.

python tools/mutations.py [COUNT] [SEED] [--misses]

`--misses` also prints the slips that are reported elsewhere, and the shape errors without the right fix.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes, apply_edits
from specnet.source import Source, Span

SPECS = Path(__file__).parents[1] / "specs"

NUMBERS = "numbers outside claims"
CLAIMS = "numbers in claims"
NAMES = "names"
PUNCTUATION = "punctuation"
KINDS = (NUMBERS, CLAIMS, NAMES, PUNCTUATION)

TOKEN = re.compile(
    r"#.*|\bnet\b.*|(?P<claim>=>|\bexpect\b)|(?P<end>\n)|\"[^\"]*\""
    r"|(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\d_]*(?:\.\d+)?)|(?P<punctuation>[^\w\s])"
)
SHAPE_CODES = ("E30", "E310", "E401", "E402")

MAIN, ANY = "by the main place or the trace", "by any label"
RESTORED = "with a fix after which the whole network checks"
ORIGINAL = "with the original among the offers"


@dataclass(frozen=True)
class Slip:
    """A spec's text with one token changed, and where it is."""

    kind: str
    file: Path
    original: str
    start: int
    end: int
    token: str

    @property
    def text(self) -> str:
        return self.original[: self.start] + self.token + self.original[self.end :]

    @property
    def line(self) -> int:
        return self.original.count("\n", 0, self.start) + 1

    def __str__(self) -> str:
        line = self.original.splitlines()[self.line - 1].strip()
        change = f"{self.original[self.start : self.end]} → {self.token or 'nothing'}"
        return f"{self.file.name}:{self.line}: {change} in `{line}`"


def make_slip(chance: random.Random, files: Sequence[Path]) -> Slip:
    """Return a slip of a random kind at a random token of that kind in a random file."""
    while True:
        kind, file = chance.choice(KINDS), chance.choice(files)
        text = file.read_text(encoding="utf-8")
        tokens = [span for found, span in _find_tokens(text) if found == kind]
        if tokens:
            start, end = chance.choice(tokens)
            changed = _change(chance, kind, text[start:end])
            if changed != text[start:end]:
                return Slip(kind, file, text, start, end, changed)


def _find_tokens(text: str) -> Iterable[tuple[str, tuple[int, int]]]:
    """Yield the kind and the span of each token that a slip can change; comments, texts and titles are none."""
    in_claim = False
    for match in TOKEN.finditer(text):
        if match["claim"] or match["end"]:
            in_claim = bool(match["claim"])
        if match["number"]:
            yield CLAIMS if in_claim else NUMBERS, match.span()
        elif match["name"]:
            yield NAMES, match.span()
        elif match["punctuation"]:
            yield PUNCTUATION, match.span()
        elif match["claim"] == "=>":
            yield from ((PUNCTUATION, (i, i + 1)) for i in range(*match.span()))


def _change(chance: random.Random, kind: str, text: str) -> str:
    if kind == PUNCTUATION:
        return chance.choice(("", 2 * text))
    return _change_letter(chance, text) if kind == NAMES else _change_number(chance, text)


def _change_number(chance: random.Random, text: str) -> str:
    """Return a close number or a random one."""
    value = float(text)
    other = abs(chance.choice((value + 1, value - 1, value * 2, value // 2, chance.randint(0, 300))))
    return f"{other:.0f}" if other == int(other) else f"{other:g}"


def _change_letter(chance: random.Random, text: str) -> str:
    i = chance.randrange(len(text))
    return text[:i] + chance.choice("abcdefghijklmnopqrstuvwxyzKFSP") + text[i + 1 :]


def points_at(slip: Slip, spans: Iterable[Span | None]) -> bool:
    return any(span and span.source.name == str(slip.file) and span.line == slip.line for span in spans)


def check_with_fixes(slip: Slip) -> Checked:
    return add_fixes(check_source(Source(str(slip.file), slip.text)), {}, read_beside)


def judge(slip: Slip) -> Counter[str]:
    """Return the verdicts on the checker's response to a slip, each with the count 1."""
    checked = check_with_fixes(slip)
    errors, verdicts = checked.errors, Counter(slips=1)
    if not errors:
        return verdicts
    verdicts["broken"] = 1
    main = [span for error in errors for span in (error.span, *error.trace)]
    verdicts[MAIN] = points_at(slip, main)
    verdicts[ANY] = points_at(slip, [*main, *(label.span for error in errors for label in error.labels)])
    if any(error.code.name.startswith(SHAPE_CODES) for error in errors):
        texts = [apply_edits(checked.source, fix.edits).text for error in errors for fix in error.fixes]
        verdicts["shape error"] = 1
        verdicts[RESTORED] = any(is_sound(slip.file, text) for text in texts)
        verdicts[ORIGINAL] = any(text.split() == slip.original.split() for text in texts)
    return verdicts


def is_sound(file: Path, text: str) -> bool:
    return check_source(Source(str(file), text)).ok


def make_slips(count: int, seed: int, folder: Path = SPECS) -> list[Slip]:
    chance, files = random.Random(seed), sorted(folder.glob("*.net"))
    return [make_slip(chance, files) for _ in range(count)]


def sum_verdicts(judged: Iterable[tuple[Slip, Counter[str]]]) -> Mapping[str, Counter[str]]:
    """Return the counts of the verdicts for each kind of slip."""
    sums = {kind: Counter[str]() for kind in KINDS}
    for slip, verdicts in judged:
        sums[slip.kind].update(verdicts)
    return sums


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    count, seed = (*numbers, *(2000, 0)[len(numbers) :])
    slips = make_slips(count, seed)
    with Pool() as pool:
        judged = list(zip(slips, pool.map(judge, slips, chunksize=20), strict=True))
    sums = sum_verdicts(judged)
    for kind, found in sums.items():
        places = ", ".join(f"{_share(found, v, 'broken')} {v}" for v in (MAIN, ANY))
        print(f"{kind}: {found['slips']} slips, {found['broken']} broken; at the changed line {places}")
    shape = sum(sums.values(), Counter[str]())
    print(f"{shape['shape error']} shape errors: {_share(shape, RESTORED, 'shape error')} {RESTORED},")
    print(f"  {_share(shape, ORIGINAL, 'shape error')} {ORIGINAL}")
    if "--misses" in sys.argv:
        _print_misses(judged)


def _share(found: Counter[str], verdict: str, of: str) -> str:
    return f"{found[verdict] / found[of]:.1%}" if found[of] else "none"


def _print_misses(judged: Iterable[tuple[Slip, Counter[str]]]) -> None:
    """Print each slip with the verdicts that it lacks."""
    for slip, verdicts in judged:
        lacking = [verdict for verdict, holds in verdicts.items() if not holds]
        if lacking:
            print(f"{slip.kind}, not {', not '.join(lacking)}\n  {slip}")


if __name__ == "__main__":
    main()
