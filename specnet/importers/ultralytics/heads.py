"""The heads that compute boxes: their convolutions become outputs, and the decoding of the numbers is left out."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.importers.imported import Fate
from specnet.importers.ultralytics.assembly import Assembly

DISTANCES = 64
"""The numbers that tell the four sides of a box: 16 chances of a distance for each."""

DECODING = "its convolutions are outputs; that their numbers become boxes is left out"


def detect_with_anchors(b: Assembly, name: str, values: Sequence[str], classes: int, anchors: int) -> list[str]:
    """Add YOLOv5's head: a convolution for each size of maps, with 5 numbers and the classes for each anchor."""
    b.note(Fate.APPROXIMATED, DECODING)
    filters = anchors * (classes + 5)
    return [b.add(f"{name}.m.{place}", f"conv K={filters} F=1", value) for place, value in enumerate(values)]


def detect(b: Assembly, name: str, values: Sequence[str], classes: int, is_old: bool) -> list[str]:
    """Add the head of YOLOv8 and later: for each size, the distances to the sides of boxes, then the classes."""
    b.note(Fate.APPROXIMATED, DECODING)
    first = b.channels(values[0])
    boxes, scores = max(16, first // 4, DISTANCES), max(first, min(classes, 100))
    return [
        b.add(
            f"{name}.{place}",
            "concat",
            _convolve_boxes(b, f"{name}.cv2.{place}", value, boxes),
            _convolve_classes(b, f"{name}.cv3.{place}", value, scores, classes, is_old),
        )
        for place, value in enumerate(values)
    ]


def _convolve_boxes(b: Assembly, name: str, x: str, filters: int) -> str:
    inner = b.conv(f"{name}.1", b.conv(f"{name}.0", x, filters, 3), filters, 3)
    return b.add(f"{name}.2", f"conv K={DISTANCES} F=1", inner)


def _convolve_classes(b: Assembly, name: str, x: str, filters: int, classes: int, is_old: bool) -> str:
    """Add two convolutions of 3x3 in YOLOv8, and of separate channels, then of 1x1, from YOLO11 on."""
    for part in ("0", "1"):
        if is_old:
            x = b.conv(f"{name}.{part}", x, filters, 3)
        else:
            channels = b.channels(x)
            x = b.conv(f"{name}.{part}.0", x, channels, 3, 1, None, channels)
            x = b.conv(f"{name}.{part}.1", x, filters)
    return b.add(f"{name}.2", f"conv K={classes} F=1", x)
