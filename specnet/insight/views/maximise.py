"""The images that excite the units of a layer most."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from specnet.insight.ascent import Ascent, maximise
from specnet.insight.drawing import draw_tiles
from specnet.insight.images import to_picture
from specnet.insight.layers import find_layer, measure_outputs
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.training import CannotRun, LoadedRun


def compute(run: LoadedRun, request: Request) -> View:
    """Return an image for each of the first `count` units of a layer, or for one unit; raises CannotRun."""
    find_layer(run, request.layer)
    number = measure_outputs(run)[request.layer][0]
    units = _choose_units(request, number)
    found = maximise(run, request.layer, units, request.seed)
    rows = [
        {"unit": unit, "activation_at_noise": float(before), "activation": float(after)}
        for unit, before, after in zip(units, found.at_noise, found.after, strict=True)
    ]
    which = f"unit {units[0]}" if request.unit is not None else f"{len(units)} of {number} units"
    return View(
        "maximise",
        f"What excites {request.layer}",
        f"The image that excites each unit most ({which}), found by gradient ascent from noise. Above each is the "
        "unit, and its activation before and after; that of a map is the mean of its positive part.",
        tuple(
            f"{request.layer}:{r['unit']}  {r['activation_at_noise']:.4g} at noise, {r['activation']:.4g} here"
            + "; nothing excites it" * (r["activation"] == 0)
            for r in rows
        ),
        {"layer": request.layer, "units": rows},
        partial(_draw, found, units),
    )


def _choose_units(request: Request, number: int) -> list[int]:
    """Return the first units, or the requested one; raises CannotRun for one that there is not."""
    if request.unit is None:
        return list(range(min(request.count, number)))
    if request.unit >= number:
        raise CannotRun(f"`{request.layer}` has no unit {request.unit}; its units are 0 to {number - 1}")
    return [request.unit]


def _draw(found: Ascent, units: list[int]) -> Figure:
    titles = [f"{u}: {n:.2g} → {a:.3g}" for u, a, n in zip(units, found.after, found.at_noise, strict=True)]
    return draw_tiles([to_picture(image) for image in found.images], titles)[0]
