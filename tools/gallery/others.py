"""Save what other tools draw of AlexNet, ResNet-50 and U-Net, scaled to fit a page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from gallery.netron_page import photograph_netron
from gallery.programs import KERAS, MODULES, ONNX, PLOT_MODEL, TORCH, TORCHVIEW, VISUALTORCH, find_missing

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "gallery" / "others"

WIDEST, HIGHEST = 1000, 1600
"""The largest picture that is kept, in pixels; others are scaled down."""

A4 = (538, 785)
"""The width and height of an A4 page without margins of 1 cm, in points."""

PROGRAMS = {"torchview": "dot", "keras": "dot", "netron": "chromium"}
"""The programs without which a tool, or the photograph of its page, does not work."""

SVG = "{http://www.w3.org/2000/svg}"

LETTERS = {"torchview": 10 * 96 / 72, "keras": 14 * 200 / 72, "netron": 9}
"""The smallest font of each tool that writes text, in pixels: the points of its source by its dots per inch."""

ENVIRONMENT = {
    **os.environ,
    "KERAS_BACKEND": "torch",
    "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
}


def save_all(folder: Path = FOLDER) -> Iterator[str]:
    """Save every tool's picture of every network into a folder; yield a line of each, or why it is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for tool in MODULES:
        if reason := _explain_absence(tool):
            yield f"{tool}: skipped: {reason}"
            continue
        for network in TORCH:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
                drawn = Path(temporary) / "drawn.png"
                draw(tool, network, drawn)
                size = save_scaled(drawn, folder / f"{tool}-{network}.png")
            yield f"{tool} {version(tool)}: {network}, {describe(tool, *size)}"


def describe_ours() -> Iterator[str]:
    """Yield a line of each of our own pictures of these networks."""
    for network in TORCH:
        width, height, letters = measure_drawing(FOLDER.parent / f"{network}.svg")
        letters *= fit_page(width, height)
        yield f"SpecNet: {network}, {width:.0f}×{height:.0f} pt, text of {letters:.1f} pt on A4"


def draw(tool: str, network: str, target: Path) -> None:
    """Draw a network with a tool, as large as it comes; raises CalledProcessError if the tool fails."""
    if tool == "netron":
        model = target.with_name(f"{network}.onnx")
        _run(TORCH[network] + ONNX, model)
        photograph_netron(model, target)
    elif tool == "keras":
        _run(KERAS[network] + PLOT_MODEL, target)
    else:
        _run(TORCH[network] + (TORCHVIEW if tool == "torchview" else VISUALTORCH), target)


def save_scaled(drawn: Path, target: Path) -> tuple[int, int]:
    """Save a picture so that it fits a page, in few colours; return the size that it had, in pixels."""
    from PIL import Image

    with Image.open(drawn) as opened:
        picture = opened.convert("RGB")
    size = picture.size
    picture.thumbnail((WIDEST, HIGHEST), Image.Resampling.LANCZOS)
    picture.quantize(64, dither=Image.Dither.NONE).save(target, optimize=True)
    return size


def describe(tool: str, width: int, height: int) -> str:
    """Return the size of a picture, how far it is scaled down, and how small its text gets on a page."""
    scale = max(width / WIDEST, height / HIGHEST)
    shown = f", shown at 1/{scale:.1f}" if scale > 1 else ""
    text = f"text of {LETTERS[tool] * fit_page(width, height):.1f} pt on A4" if tool in LETTERS else "no text"
    return f"{width:,}×{height:,} pixels{shown}, {text}"


def fit_page(width: float, height: float) -> float:
    """Return the points per unit of a picture that fills the text of an A4 page, upright or lying."""
    return max(min(A4[0] / width, A4[1] / height), min(A4[1] / width, A4[0] / height))


def measure_drawing(drawing: Path) -> tuple[float, float, float]:
    """Return the width and height of an SVG and its smallest font, in its own units."""
    root = ElementTree.parse(drawing).getroot()
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    texts = (text for text in root.iter(f"{SVG}text") if "".join(text.itertext()).strip())
    return width, height, min(float(text.attrib["font-size"]) for text in texts)


def _run(code: str, target: Path) -> None:
    subprocess.run([sys.executable, "-c", code, str(target)], env=ENVIRONMENT, cwd=target.parent, check=True)


def _explain_absence(tool: str) -> str:
    if missing := find_missing(tool):
        return f"not installed: {', '.join(missing)}"
    program = PROGRAMS.get(tool)
    return f"no {program} is here" if program and not shutil.which(program) else ""
