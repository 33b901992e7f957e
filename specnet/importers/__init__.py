"""Read models of other tools (Caffe, Darknet, ONNX, Keras, Ultralytics, torch) as networks, and write them as specs."""

from specnet.importers.errors import MissingLibrary, UnreadableModel
from specnet.importers.imported import Entry, Fate, Imported, Scope, SourceLayer, SourceTotals, StoredArray
from specnet.importers.importing import Result, import_model
from specnet.importers.request import Request

__all__ = [
    "Entry",
    "Fate",
    "Imported",
    "MissingLibrary",
    "Request",
    "Result",
    "Scope",
    "SourceLayer",
    "SourceTotals",
    "StoredArray",
    "UnreadableModel",
    "import_model",
]
