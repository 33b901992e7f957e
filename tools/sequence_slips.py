"""Slips that people make in specs of sequences and attention, one at a time, and how the checker responds to each.

python tools/sequence_slips.py [--misses]

Every slip is made at each place of the zoo and of docs/language.md that it is about. `--misses` also prints those that
are reported elsewhere, and those without a fix after which the network checks.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from multiprocessing import Pool
from pathlib import Path

from lessons import read_blocks
from mutations import SPECS, Slip, check_with_fixes, is_sound, points_at

from specnet.diagnostics import Code
from specnet.fixes import apply_edits

LANGUAGE = Path(__file__).parents[1] / "docs" / "language.md"

ABOUT = re.compile(r"\b(?:attention|tokens)\b")
"""What a spec of sequences or attention has in it."""

HYBRID = """\
net Hybrid "a convolution, an encoder of tokens, and a convolution on the map that they are put back into"
input 64x64x3
conv K=32 F=3 S=2 P=1 -> relu -> @early                    => 32x32x32
conv K=24 F=4 S=4 -> tokens -> fc 48 -> positions sine     => 64x48
add { | rms_norm -> attention heads=4 window=16 | identity }
add { | ln -> permute CL -> fc 64 -> permute CL | identity }
map 8x8 -> conv K=32 F=3 P=1 -> upsample 4                 => 32x32x32
concat @early -> conv K=10 F=1 -> pool avg global          => 1x1x10
"""
"""A spec of what no other one has: a map made of tokens, transposed tokens, windows of a sequence."""

SLIPS = {
    "heads that do not divide": (r"\bheads=\d+", "heads=7", "heads=11"),
    "a window that does not fit": (r"\bwindow=\d+", "window=5", "window=6", "window=9"),
    "a patch that does not fit": (r"\bpatch=\d+", "patch=3", "patch=5"),
    "a reduction that does not fit": (r"\bR=\d\b(?!\))", "R=3", "R=5"),
    "a shift of a whole window": (r"\bshift=\d", "shift=7", "shift=9"),
    "windows and patches at once": (r"\bwindow=\d+", r"\g<0> patch=2"),
    "a window of another value": (r"@memory heads=\d+", r"\g<0> window=4"),
    "a map of another size": (r"\bmap \d+x\d+", "map 7x7", "map 8x9", "map 16"),
    "no `tokens`": (r"-> tokens\b *", ""),
    "no `map`": (r"\bmap \d+x\d+ -> ", ""),
    "no `token 0`": (r" -> token 0", ""),
    "no `class_token`": (r"class_token -> ", ""),
    "no pool before a claim": (r" -> pool avg global(?=.*=>)", ""),
    "a token that is not there": (r"\btoken 0", "token 1000"),
    "a class token in one arm": (r"\| (?=ln\b)", "| class_token -> "),
    "a claim of another length": (r"=> \d+x(?=\d+\s*$)", "=> 100x"),
    "a claim of other channels": (r"(?<==> )(\d+x)\d+(?=\s*$)", r"\g<1>100"),
    "a claim of a map": (r"(?<==> )\d+(?=x\d+\s*$)", "14x14"),
    "`fc` before `tokens`": (r"\btokens -> (fc \d+)", r"\1 -> tokens"),
    "an input without channels": (r"(?<=input )((?:\w+ )?\d+x\d+)x3", r"\1"),
    "heads by position": (r"(?<=attention )heads=(?=\d)", ""),
    "`head` for `heads`": (r"\bheads=", "head="),
    "an order that there is not": (r"\border=\w+", "order=WHD", "order=whc"),
    "a permutation of a map": (r"\bpermute CL", "permute CHW", "permute LC"),
    "positions of no kind": (r"\bpositions learned", "positions", "positions learnt"),
    "`bn` for `ln`": (r"\bln\b(?= ->| eps)", "bn"),
    "another project's word": (r"\bclass_token\b", "cls_token"),
    "another project's attention": (r"\battention(?= heads)", "attn", "multihead_attention"),
    "another project's waves": (r"\bpositions sine", "positional_encoding"),
    "another project's positions": (r"\bpositions learned", "pos_embed"),
}
"""The slips by what they are called: what they replace, and by what."""

OF_TOKENS = {"a class token in one arm"}
"""The slips that are made in specs of tokens only, and not where attention is between the positions of maps."""

HERE, CLAIMED = "at the changed line", "behind it"
BEHIND = {Code.E401, Code.E402, Code.E310}
"""The errors of claims, expectations and joins, which may be behind the changed line."""

FIRST, OFFERED = "restored by the first fix", "by one of the fixes"


def read_specs() -> Mapping[Path, str]:
    """Return the texts of all specs of sequences and attention: of the zoo, of docs/language.md, and one more."""
    zoo = {path: path.read_text(encoding="utf-8") for path in sorted(SPECS.glob("*.net"))}
    blocks = [block for block in read_blocks(LANGUAGE) if block.language == "net" and not block.words]
    lessons = {LANGUAGE.with_name(f"language-{block.line}.net"): block.text for block in blocks}
    found = {path: text for path, text in (zoo | lessons).items() if ABOUT.search(text)}
    return found | {SPECS / "hybrid.net": HYBRID}


def make_slips() -> Iterator[Slip]:
    """Yield every slip at every place that it is about."""
    specs = read_specs()
    for kind, (pattern, *replacements) in SLIPS.items():
        for file, text in specs.items():
            if kind in OF_TOKENS and "-> tokens" not in text:
                continue
            for match in re.finditer(pattern, text, flags=re.MULTILINE):
                for replacement in replacements:
                    token = match.expand(replacement)
                    if token != match[0] and not _is_comment(match):
                        yield Slip(kind, file, text, *match.span(), token)


def _is_comment(match: re.Match[str]) -> bool:
    return "#" in match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]


def judge(slip: Slip) -> Counter[str]:
    """Return the verdicts on the checker's response to a slip, each with the count 1."""
    checked = check_with_fixes(slip)
    if checked.ok:
        return Counter(slips=1)
    labels = [label.span for error in checked.errors for label in error.labels]
    here = points_at(slip, [*labels, *(span for error in checked.errors for span in (error.span, *error.trace))])
    behind = not here and all(error.code in BEHIND for error in checked.errors)
    texts = [[apply_edits(checked.source, fix.edits).text for fix in error.fixes] for error in checked.errors]
    first = any(is_sound(slip.file, fixes[0]) for fixes in texts if fixes)
    offered = any(is_sound(slip.file, text) for fixes in texts for text in fixes)
    return Counter(
        {"slips": 1, "broken": 1, HERE: int(here), CLAIMED: int(behind), FIRST: int(first), OFFERED: int(offered)}
    )


def sum_verdicts(judged: Iterable[tuple[Slip, Counter[str]]]) -> dict[str, Counter[str]]:
    """Return the counts of the verdicts for each kind of slip."""
    sums = {kind: Counter[str]() for kind in SLIPS}
    for slip, verdicts in judged:
        sums[slip.kind].update(verdicts)
    return sums


def main() -> None:
    slips = [*make_slips()]
    with Pool() as pool:
        judged = [*zip(slips, pool.map(judge, slips, chunksize=20), strict=True)]
    sums = sum_verdicts(judged)
    for kind, found in (sums | {"all": sum(sums.values(), Counter[str]())}).items():
        print(f"{kind}: {found['slips']} slips, {found['broken']} broken; {_describe(found)}")
    if "--misses" in sys.argv:
        _print_misses(judged)


def _describe(found: Mapping[str, int]) -> str:
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in (HERE, CLAIMED, FIRST, OFFERED))


def _print_misses(judged: Iterable[tuple[Slip, Counter[str]]]) -> None:
    """Print the slips that are reported elsewhere, and those that no fix repairs."""
    for slip, verdicts in judged:
        if verdicts["broken"] and not (verdicts[HERE] or verdicts[CLAIMED]):
            print(f"{slip.kind}, reported elsewhere\n  {slip}")
        elif verdicts["broken"] and not verdicts[OFFERED]:
            print(f"{slip.kind}, no fix\n  {slip}")


if __name__ == "__main__":
    main()
