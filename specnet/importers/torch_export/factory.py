"""Read `package.module:function`: import the Python of the user, call it, and follow the module that it makes."""

from __future__ import annotations

import ast
import re
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Imported
from specnet.importers.request import Request

USUAL = (224, 224, 3)
"""The shape of an input that nothing says."""


def read_factory(request: Request) -> Imported:
    """Return the network of a module of torch; raises UnreadableModel for whatever the user's code raises."""
    from specnet.importers.tensors.lowering import lower
    from specnet.importers.torch_export.operators import make_program

    module = _call(request.source, lambda: _make_module(request))
    if request.weights:
        _load_weights(module, request.weights)
    shape, remark = _choose_shape(request, module)
    calls = _call(request.source, lambda: _trace(module, shape))
    remarks = (f"the Python of {request.source} was imported and run", *([remark] if remark else []))
    return lower(make_program(calls, "torch", _name_function(request.source), remarks))


def _load_weights(module: Any, path: Path) -> None:
    """Give a module the tensors of a file; raises UnreadableModel if they are not those that it has."""
    from specnet.weights.errors import UnreadableWeights
    from specnet.weights.formats import read_tensors

    try:
        tensors = read_tensors(path).tensors
        module.load_state_dict(tensors, strict=True)
    except (UnreadableWeights, RuntimeError) as error:
        lines = [line.strip() for line in str(error).splitlines()]
        raise UnreadableModel(f"{path} does not fit the module: {' '.join(lines)[:400]}") from None


def _trace(module: Any, shape: tuple[int, ...]) -> Any:
    from specnet.importers.torch_export.tracing import trace_module

    return trace_module(module, (1, shape[-1], *shape[:-1]) if len(shape) == 3 else (1, *shape))


def _call(source: str, function: Any) -> Any:
    """Return what user code returns; raises UnreadableModel with the place of whatever it raises."""
    try:
        return function()
    except UnreadableModel:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if not _is_of_library(frame.filename)]
        place = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
        message = str(error).strip().partition("\n")[0][:300]
        raise UnreadableModel(f"{source}: {type(error).__name__}: {message}{place}") from None


def _is_of_library(file: str) -> bool:
    """Whether code is of Python, of torch or of the importer."""
    return bool(re.search(r"[\\/](torch|specnet|importlib)[\\/]|^<|python3\.\d+[\\/]\w+\.py$", file))


def _make_module(request: Request) -> Any:
    """Import the module, find the name in it, and call it unless it is a network already."""
    from torch import nn

    place, _, rest = request.source.partition(":")
    path, arguments, keywords = _read_arguments(request.source, rest)
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, folder)
    made: Any = import_module(place)
    for part in path.split("."):
        made = getattr(made, part)
    if not isinstance(made, nn.Module):
        made = made(*arguments, **keywords)
    if not isinstance(made, nn.Module):
        raise UnreadableModel(f"{request.source} gives {type(made).__name__}, and a torch.nn.Module is needed")
    return made.eval()


def _read_arguments(source: str, rest: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Return the name and the arguments of `name(1, key="a")`, which are Python's literals."""
    name, bracket, _ = rest.partition("(")
    if not bracket:
        return name, [], {}
    try:
        call = ast.parse(rest, mode="eval").body
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == name):
            raise ValueError("it is not one call")
        arguments = [ast.literal_eval(each) for each in call.args]
        return name, arguments, {each.arg or "": ast.literal_eval(each.value) for each in call.keywords}
    except (SyntaxError, ValueError):
        what = "behind the name is one call, whose arguments are literals of Python: numbers, texts, lists, True"
        raise UnreadableModel(f"{source}: {what}") from None


def _choose_shape(request: Request, module: Any) -> tuple[tuple[int, ...], str]:
    """Return the shape H×W×C of the input, and a remark where nobody says it."""
    if request.input_shape:
        return tuple(request.input_shape), ""
    config = getattr(module, "pretrained_cfg", None) or getattr(module, "default_cfg", None)
    if isinstance(config, dict) and len(config.get("input_size") or ()) == 3:
        channels, height, width = config["input_size"]
        return (height, width, channels), ""
    if size := _find_size_of_weights(request.source, module):
        return (size, size, 3), ""
    return USUAL, "the source does not say its input: 224x224x3 is assumed"


def _find_size_of_weights(source: str, module: Any) -> int | None:
    """Return the height of the images that torchvision's weights of a network were trained for; None for others."""
    wanted = f"{_name_function(source)}_weights"
    found = [weights for name, weights in vars(sys.modules[type(module).__module__]).items() if name.lower() == wanted]
    transforms = getattr(getattr(found[0], "DEFAULT", None), "transforms", None) if found else None
    size = getattr(transforms, "keywords", {}).get("crop_size")
    return size if isinstance(size, int) else None


def _name_function(source: str) -> str:
    """Return the last name of `package.module:function(…)`."""
    return source.partition(":")[2].partition("(")[0].rpartition(".")[2]
