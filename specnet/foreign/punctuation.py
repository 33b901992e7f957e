"""Recognise the punctuation of other languages: commas, colons, stars, quotes, semicolons, typography of papers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from specnet import suggest
from specnet.foreign.bad_line import BadLine, find_changes
from specnet.foreign.words import ATTRIBUTES, translate_anywhere, translate_word
from specnet.syntax.parser_input import MASK, mask_text
from specnet.syntax.recovery import Hint

UNICODE = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "→": "->", "⇒": "=>", "×": "x", "∗": "*", "⋅": "*", "·": "*",
    "“": '"', "”": '"', "„": '"', "‘": '"', "’": '"', "…": "..", "≤": "<=", "≥": ">=", "≠": "!=",
}  # fmt: skip
"""Signs of papers and word processors, and their equivalents in a spec."""

SIGNS = "".join(UNICODE) + "\uff01-\uff5e"
"""These signs and full-width characters, as the inside of a character class."""

BLANKS = "\u00a0\u2000-\u200b\u202f\u3000\ufeff"
"""Blanks other than space and tab, and characters without a width."""

NAME = r"[A-Za-z_]\w*"
NUMBER = r"[\d.]+(?:[eE][+-]?\d+)?"

OPERAND = r"(?:not[ \t]+)?[^\s=<>!]+(?:[ \t]*(?:[<>=!]=|[<>])[ \t]*[^\s=<>!]+)?"

CONDITION = (
    rf"(?<=[ \t])(?:\S+[ \t]+if[ \t]+\S.*?[ \t]else[ \t]+\S+"
    rf"|{OPERAND}(?:[ \t]+(?:and|or)[ \t]+{OPERAND})+|not[ \t]+[^\s=<>!]+)"
)
"""An expression that has a word for an operator."""

Match = re.Match[str]


@dataclass(frozen=True)
class Rule:
    """A pattern of foreign punctuation, the message for it and its correction.

    In the message, `{0}` is the text that matched after the group `before`, `{1}` the corrected text.
    """

    pattern: str
    message: str
    correction: str | Callable[[Match], str]
    is_everywhere: bool = True
    """Whether all matches on a line that cannot be read are corrected, not only the one at the error."""
    is_certain: bool = True
    """Whether nothing else can be meant."""

    def find(self, line: str, at: int) -> Match | None:
        """Return the match around a character of the line that the correction changes."""
        matches = re.finditer(self.pattern, line)
        return next((m for m in matches if m.start() <= at <= m.end() and self.correct(m) != m[0]), None)

    def correct(self, match: Match) -> str:
        """Return the corrected text of a match."""
        return match.expand(self.correction) if isinstance(self.correction, str) else self.correction(match)


def _to_comment(match: Match) -> str:
    return f"# {match['text'].strip().removesuffix('*/').rstrip()}"


def _to_size(match: Match) -> str:
    return "x".join(re.findall(r"\d+", match[0]))


def _to_ascii(match: Match) -> str:
    return "".join(UNICODE.get(sign) or unicodedata.normalize("NFKC", sign) for sign in match[0])


def _group_digits(match: Match) -> str:
    return match["before"] + re.sub(r"\D", "_", match["number"])


def _to_string(match: Match) -> str:
    """Return a string in double quotes, or the bare word after a `=`."""
    text = match["text"]
    return match["before"] + (text if match["before"] and text.isidentifier() else f'"{text}"')


def _to_keyword(match: Match) -> str:
    return f"{match['before']}{translate_word(match['key'], ATTRIBUTES) or match['key']}="


def _to_name(match: Match) -> str:
    """Return `conv_1` for a label `conv-1:`, `pool max` for a kind `max-pool`."""
    name = match[0].replace("-", "_")
    is_label = match.string[match.end() :].lstrip().startswith(":")
    return name if is_label else translate_anywhere(name) or name


def _to_chain(match: Match) -> str:
    """Return an arrow for a comma between two steps of an augmentation."""
    return " -> " if match.string.lstrip().startswith("augment ") else match[0]


def _to_claim(match: Match) -> str:
    """Return `=> SHAPE`, but leave `classes = 10`, which gives a number its name."""
    is_definition = re.fullmatch(rf"\s*{NAME}\s*=\s*\d+", match.string[: match.end("shape")])
    return match[0] if is_definition else f"{match['before']}=> {match['shape']}"


def _to_blank(match: Match) -> str:
    """Return a blank for a comma, unless it is in parentheses or brackets, where commas belong."""
    return match[0] if match[0][0] in "([" else " "


def _to_unit(match: Match) -> str:
    """Return `2GB` for `2 GB`, `2gb` and the like, and `2k` for `2K`."""
    unit = match["unit"].upper().replace("I", "i")
    return match["number"] + {"KB": "kB", "K": "k"}.get(unit, unit)


CLAIM = rf"(?P<shape>[(\d][\w×()]*)(?=[ \t\r{MASK}]*$)"
"""The shape at the end of a line."""

RULES = (
    Rule(
        CONDITION,
        "a value with `if`, `and`, `or` or `not` needs parentheses here",
        r"(\g<0>)",
        is_everywhere=False,
        is_certain=False,
    ),
    Rule(r"::+", "`{0}` is written `:`", ":"),
    Rule(r"@@+", "`{0}` is written `@`", "@"),
    Rule(r"\{[ \t]*\{", "one brace is enough", "{", is_everywhere=False),
    Rule(
        rf"(?P<before>[\w)}}\]{MASK}][ \t]+)(?!=>[ \t]*[\d(])(?:(?:=>[ \t]*){{2,}}|[=>]{{1,3}}|->)[ \t]*{CLAIM}",
        "the shape at the end of a line is claimed with `=>`",
        _to_claim,
        is_everywhere=False,
    ),
    Rule(
        r"(?P<before>=>[ \t]*)\d+(?:[A-Za-z]\d+)+(?!\w)",
        "a size is written `{1}`",
        lambda m: m["before"] + re.sub("[A-Za-z]", "x", m[0].removeprefix(m["before"])),
        is_everywhere=False,
    ),
    Rule(
        rf"(?P<before>[ \t]+)=>[ \t]*\d\w*(?=[ \t\r{MASK}]*$)",
        "`{0}` is no shape",
        "",
        is_everywhere=False,
    ),
    Rule(
        rf"^(?P<before>\s*)(?!block\b)(?P<word>[a-z]\w*)(?P<rest>[ \t]+{NAME}\([^()]*\)[ \t]*\{{)",
        "a definition begins with `block`",
        lambda m: m["before"] + (suggest.find_closest_word(m["word"], ["block"]) or m["word"]) + m["rest"],
        is_everywhere=False,
    ),
    Rule(rf"(?:^|(?<=\s))(?://+|%+|/\*+)(?P<text>[^={MASK}]*)$", "a comment begins with `#`", _to_comment, False),
    Rule(r"\d+(?:\s*×\s*\d+)+|(?<![=\w.*+/%(-])\d+(?:\s*[*∗⋅·]\s*\d+)+", "a size is written `{1}`", _to_size),
    Rule(r"(?<=[\w)])\s*×\s*(?=[A-Za-z_(])|(?<=[A-Za-z_)])\s*×\s*(?=\d)", "multiplication is written `*`", "*"),
    Rule(f"[{BLANKS}]+", "this is not an ordinary space", " "),
    Rule(f"[{SIGNS}]+", "`{0}` is written `{1}`", _to_ascii),
    Rule(r"(?P<before>^\s*expect\b\D*)(?P<number>\d+(?:[,']\d{3})+)", "digits are grouped by `_`", _group_digits),
    Rule(r"(?P<before>=\s*|)'(?P<text>[^']*)'", "`{0}` is written `{1}`", _to_string),
    Rule(rf'"[^"{MASK}]*$', "the text has no closing quote", r'\g<0>"'),
    Rule(
        rf"\b(block\s+{NAME}|min|max|ceil|floor)\s+(\([^()]*\))",
        "there is no space between a function and its parenthesis",
        r"\1\2",
    ),
    Rule(r"(?<![\w.(\[,])0,(\d+)(?![\w.]|\s*,)", "a decimal number has a point: `{1}`", r"0.\1", is_everywhere=False),
    Rule(r"(?<![\w.)])\.\d+", "`{0}` is written `{1}`", r"0\g<0>"),
    Rule(r"(?<![\w.])(\d+)\.(?![\w.])", "`{0}` is written `{1}`", r"\1"),
    Rule(r"(?<!\w)\(\s*\d+\s*(?:,\s*\d+\s*)+\)", "a size is written `{1}`", _to_size),
    Rule(r"(?P<before>^\s*input\s+)\d+(?:\s*,\s*\d+)+", "a size is written `{1}`", lambda m: m["before"] + _to_size(m)),
    Rule(
        rf"\bbetas\s*=\s*[(\[]?\s*({NUMBER})\s*,\s*({NUMBER})\s*[)\]]?",
        "`{0}` is written `{1}`",
        r"beta1=\1 beta2=\2",
    ),
    Rule(rf"(?<=[\w)])\s*,\s*(?={NAME}(?!\s*=))", "steps are joined by `->`", _to_chain),
    Rule(
        r"\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|(?<![=\s])\s*,\s*",
        "values are separated by spaces, not by commas",
        _to_blank,
    ),
    Rule(r"\s*;+\s*$", "a line ends without `;`", ""),
    Rule(r"\s*;+\s*", "two layers on one line are joined by `->`", " -> "),
    Rule(
        rf"(?P<before>[\w){MASK}][ \t]+|[(,][ \t]*)(?P<key>{NAME})\s*:=?\s*(?=[\w(.{MASK}])",
        "an attribute and its value are joined by `=`",
        _to_keyword,
    ),
    Rule(
        rf"(?P<before>[\w){MASK}][ \t]+)(?P<key>{NAME})\s*==\s*",
        "an attribute and its value are joined by `=`",
        _to_keyword,
        False,
    ),
    Rule(rf"^([\s|{{]*{NAME})\s*:\s*(?=[\d({MASK}])", "a value follows its word without a colon", r"\1 "),
    Rule(
        r"^(\s*(?:data|split|init|loss|optimizer|schedule|batch|epochs|stop|seed))\s*=\s*(?=[\w\"])",
        "a value follows its word without `=`",
        r"\1 ",
    ),
    Rule(rf"^([\s|{{]*{NAME})\s*=\s*(?=[A-Za-z_])", "a label ends with a colon", r"\1: "),
    Rule(rf"^(\s*)({NAME}\s*=\s*[\d(].*)$", "`let` gives a number its name", r"\1let \2"),
    Rule(rf"(?P<before>^\s*let\s+{NAME})\s+(?=[\w(])", "`=` is missing before the value", r"\g<before> = "),
    Rule(
        rf"(?<![\w.])(?P<number>{NUMBER})(?P<unit>(?i:[kmgt]i?b)|[Kmg])(?!\w)",
        "the unit is written as in `{1}`",
        _to_unit,
        is_everywhere=False,
    ),
    Rule(
        rf"(?<![\w.])(?P<number>{NUMBER})[ \t]+(?P<unit>(?i:[kmgt]i?b))(?!\w)",
        "a number and its unit are one word, `{1}`",
        _to_unit,
        is_everywhere=False,
    ),
    Rule(r"\s*(?:-{2,}>|~>|\|>|-\s+>)\s*", "`{0}` is written `->`", " -> "),
    Rule(r"&&", "`&&` is written `and`", " and "),
    Rule(
        r"(?<=[ \t])-(?:[\w.]+|\([^()]*\))",
        "a value that begins with a minus needs parentheses here",
        r"(\g<0>)",
        is_everywhere=False,
        is_certain=False,
    ),
    Rule(
        r"(?<=[ \t])(?:not[ \t]+)?[\w.@]+[ \t]*(?:<=|>=|==|!=|<|>)[ \t]*[\w.@]+",
        "a value with a comparison needs parentheses here",
        r"(\g<0>)",
        is_everywhere=False,
        is_certain=False,
    ),
    Rule(rf"\s*->(?=\s*{MASK}*$)", "nothing follows `->`; the next line continues by itself", ""),
    Rule(
        rf"@?{NAME}(?:-\w+)+",
        "a name has letters, digits and underscores, no hyphen",
        _to_name,
        False,
    ),
)
"""The rules in the order in which they are tried."""


def recognise_punctuation(line: BadLine) -> Hint | None:
    """Recognise a rule's pattern at the error, and correct the whole line by all rules that apply everywhere."""
    start, end = line.bounds
    text, code = line.text[start:end], line.code[start:end]
    at = min(line.error.start - start, len(code.rstrip(f"{MASK} \t")))
    for rule in RULES:
        if match := rule.find(code, at):
            replacement = _correct_line(text, [each for each in RULES if each.is_everywhere or each is rule]).rstrip()
            return _make_hint(text, start, rule, match, replacement)
    return None


def _make_hint(line: str, start: int, rule: Rule, match: Match, replacement: str) -> Hint:
    first = match.end("before") if "before" in match.groupdict() else match.start()
    wrong = line[first : match.end()]
    right = _unmask(rule.correct(match), match, line)[first - match.start() :].strip()
    first += start + len(wrong) - len(wrong.lstrip())
    message = rule.message.format(wrong.strip(), right)
    changes = find_changes(line, replacement, start)
    return Hint(message, first, first + len(wrong.strip()), changes, replacement, "", rule.is_certain, rule.is_certain)


def _correct_line(line: str, rules: Sequence[Rule]) -> str:
    for rule in rules:
        for match in reversed([*re.finditer(rule.pattern, mask_text(line))]):
            line = line[: match.start()] + _unmask(rule.correct(match), match, line) + line[match.end() :]
    return line


def _unmask(new: str, match: Match, line: str) -> str:
    """Return a corrected text with the characters that were masked in the line."""
    characters = zip(match[0], line[match.start() : match.end()], strict=True)
    originals = (original for character, original in characters if character == MASK)
    return "".join(next(originals, "") if character == MASK else character for character in new)
