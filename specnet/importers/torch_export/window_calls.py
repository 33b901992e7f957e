"""Calls of aten that slide over maps or change their size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specnet.importers.torch_export.calls import Call
from specnet.importers.torch_export.writer import Writer, Writing


def _sides(value: Any, count: int) -> tuple[tuple[int, int], ...]:
    sizes = [int(each) for each in value] if isinstance(value, (list, tuple)) else [int(value)]
    return tuple((size, size) for size in (sizes * count if len(sizes) == 1 else sizes))


def _repeat(value: Any, count: int) -> tuple[int, ...]:
    sizes = [int(each) for each in value] if isinstance(value, (list, tuple)) else [int(value)]
    return tuple(sizes * count if len(sizes) == 1 else sizes)


def _write_conv(writer: Writer, call: Call) -> None:
    given = call.arguments
    weight = writer.shape(given["weight"])
    count = len(weight) - 2
    inputs = [writer.value(given[name]) for name in ("input", "weight", "bias")]
    dilation = _repeat(given.get("dilation", 1), count)
    stride = _repeat(given.get("stride", 1), count)
    padding = _find_padding(given.get("padding", 0), weight[2:], dilation)
    attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": given.get("groups", 1)}
    if given.get("transposed") or call.name.startswith("conv_transpose"):
        attributes["output_padding"] = _repeat(given.get("output_padding", 0), count)
        writer.add("conv_transpose", inputs, call.outputs[0], **attributes)
    else:
        writer.add("conv", inputs, call.outputs[0], **attributes)


def _find_padding(padding: Any, kernel: Sequence[int], dilation: Sequence[int]) -> tuple[tuple[int, int], ...]:
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        total = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
        return tuple((each // 2, each - each // 2) for each in total)
    return _sides(padding, len(kernel))


def _write_pool(writer: Writer, call: Call) -> None:
    given, count = call.arguments, int(call.name.partition("pool")[2][:1] or 2)
    kernel = _repeat(given["kernel_size"], count)
    attributes: dict[str, Any] = {
        "kernel": kernel,
        "stride": _repeat(given.get("stride") or kernel, count),
        "padding": _sides(given.get("padding", 0), count),
        "ceil": bool(given.get("ceil_mode")),
    }
    if call.name.startswith("max"):
        writer.add("max_pool", [writer.value(given["self"])], call.outputs[0],
                   dilation=_repeat(given.get("dilation", 1), count), **attributes)  # fmt: skip
    elif given.get("divisor_override"):
        writer.add("avg_pool with a divisor of its own", [writer.value(given["self"])], call.outputs[0])
    else:
        writer.add("avg_pool", [writer.value(given["self"])], call.outputs[0],
                   count_include_pad=bool(given.get("count_include_pad", True)), **attributes)  # fmt: skip


def _write_adaptive_pool(writer: Writer, call: Call) -> None:
    kind = "adaptive_max_pool" if "max" in call.name else "adaptive_avg_pool"
    shape = writer.shapes[call.outputs[0]]
    writer.add(kind, [writer.value(call.arguments["self"])], call.outputs[0], size=shape[2:])


def _write_pad(writer: Writer, call: Call) -> None:
    given = call.arguments
    rank, sides = len(writer.shapes[call.outputs[0]]), list(given["pad"])
    pairs = [(sides[n], sides[n + 1]) for n in range(0, len(sides), 2)][::-1]
    padding = [(0, 0)] * (rank - len(pairs)) + pairs
    mode = given.get("mode") or {"reflection": "reflect", "replication": "replicate"}.get(
        call.name.partition("_")[0], "constant"
    )
    writer.add("pad", [writer.value(given["self"])], call.outputs[0], padding=padding, mode=mode,
               value=given.get("value") or 0)  # fmt: skip


def _write_upsample(writer: Writer, call: Call) -> None:
    given, mode = call.arguments, call.name.replace("upsample_", "").replace("_", "").replace("2d", "")
    modes = {"nearestexact": "nearest-exact", "nearest": "nearest", "bilinear": "bilinear", "bicubic": "bicubic"}
    shape = writer.shapes[call.outputs[0]]
    writer.add("upsample", [writer.value(given.get("input", given.get("self")))], call.outputs[0], size=shape[2:],
               mode=modes.get(mode, mode), align_corners=bool(given.get("align_corners")))  # fmt: skip


def _write_pixel_shuffle(writer: Writer, call: Call) -> None:
    factor = call.arguments.get("upscale_factor", call.arguments.get("downscale_factor"))
    writer.add(call.name, [writer.value(call.arguments["self"])], call.outputs[0], factor=factor)


CALLS: Mapping[str, Writing] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution", "conv_transpose2d", "conv_transpose1d"), _write_conv),
    **dict.fromkeys(
        ("max_pool2d", "avg_pool2d", "max_pool2d_with_indices", "max_pool1d", "avg_pool1d", "avg_pool3d", "max_pool3d"),
        _write_pool,
    ),
    **dict.fromkeys(
        ("adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d", "adaptive_avg_pool1d"),
        _write_adaptive_pool,
    ),
    **dict.fromkeys(("pad", "constant_pad_nd", "reflection_pad2d", "replication_pad2d"), _write_pad),
    **dict.fromkeys(
        ("upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d", "upsample_bicubic2d"),
        _write_upsample,
    ),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), _write_pixel_shuffle),
}
