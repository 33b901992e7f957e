"""Write a scene as TikZ for those who edit the figure: a standalone document that a plain TeX Live compiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specnet.backends.volumes.scene import CORNER, Group, Item, Point, Polygon, Scene, Stroke, Text, make_hatching

SPECIAL: Mapping[str, str] = {
    **{character: f"\\{character}" for character in "#$%&_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    "-": "{-}",
    "'": "{'}",
    "`": "{`}",
    "?": "{?}",
    "!": "{!}",
    "×": r"$\times$",
    "−": "$-$",
    "·": r"$\cdot$",
    "→": r"$\to$",
    "…": r"\ldots{}",
}
"""What TeX would obey or join with its neighbours, and what it has no letter for."""

SET_BY_TEX = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")
"""Letters beyond ASCII that pdflatex has in its usual fonts."""

PREAMBLE = r"""% To set it in a paper that loads the packages tikz and standalone: \input this file,
% or \resizebox{\textwidth}{!}{\input{...}}; the colours below can be changed.
\documentclass[tikz,border=0pt]{standalone}
\usepackage[utf8]{inputenc}
\begin{document}
\begin{tikzpicture}[x=1bp, y=-1bp, line join=round, >=latex, every node/.style={font=\sffamily}]
"""

ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}


def scene_to_tikz(scene: Scene) -> str:
    """Return a scene as the text of a TeX file; its lengths are in big points, y pointing down."""
    names = {colour: _name_colour(scene, colour) for colour in dict.fromkeys(_list_colours(scene))}
    lines = [
        *(f"\\definecolor{{{name}}}{{HTML}}{{{colour[1:]}}}" for colour, name in names.items()),
        f"\\fill[{names[scene.background]}] (0,0) rectangle {_pair((scene.width, scene.height))};",
        *(line for group in scene.groups for line in _write_group(group, names)),
        r"\end{tikzpicture}",
        r"\end{document}",
    ]
    return PREAMBLE + "\n".join(lines) + "\n"


def _name_colour(scene: Scene, colour: str) -> str:
    return f"specnet-{scene.colour_names.get(colour, colour[1:])}"


def _write_group(group: Group, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a group below a comment that says what it is."""
    known = (letter if " " <= letter <= "~" or letter in SET_BY_TEX else "?" for letter in group.name)
    yield f"% {''.join(known)}"
    for item in group.items:
        yield from _write_item(item, names)


def escape_tex(text: str) -> str:
    """Return a text of which TeX obeys nothing; what it cannot set is a question mark."""
    return "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    return character if " " <= character <= "~" or character in SET_BY_TEX else "{?}"


def _list_colours(scene: Scene) -> Iterator[str]:
    yield scene.background
    for item in scene.items:
        yield from (item.fill, item.line) if isinstance(item, Polygon) else (item.colour,)


def _write_item(item: Item, names: Mapping[str, str]) -> Iterator[str]:
    match item:
        case Polygon():
            style = f"fill={names[item.fill]}, draw={names[item.line]}, line width={_number(item.width)}bp"
            yield f"\\path[{style}{_dash(item)}] {_join(item.points)} -- cycle;"
            for hatch in make_hatching(item):
                yield from _write_item(hatch, names)
        case Stroke():
            head = ", ->" if item.has_head else ""
            bends = f", rounded corners={_number(CORNER)}bp" if len(item.points) > 2 and not item.is_curve else ""
            style = f"draw={names[item.colour]}, line width={_number(item.width)}bp{head}{bends}{_dash(item)}"
            yield f"\\path[{style}] {_curve(item.points) if item.is_curve else _join(item.points)};"
        case Text():
            size = f"\\fontsize{{{_number(item.size)}bp}}{{{_number(item.size * 1.2)}bp}}\\selectfont"
            style = f"anchor={ANCHORS[item.anchor]}, inner sep=0bp, text={names[item.colour]}"
            weight = r"\bfseries" if item.is_bold else ""
            yield f"\\node[{style}] at {_pair(item.at)} {{{size}{weight} {escape_tex(item.text)}}};"


def _curve(points: tuple[Point, ...]) -> str:
    start, one, two, end = map(_pair, points)
    return f"{start} .. controls {one} and {two} .. {end}"


def _join(points: tuple[Point, ...]) -> str:
    return " -- ".join(map(_pair, points))


def _dash(item: Polygon | Stroke) -> str:
    return ", dash pattern=on 3bp off 2bp" if item.is_dashed else ""


def _pair(point: Point) -> str:
    return f"({_number(point[0])},{_number(point[1])})"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
