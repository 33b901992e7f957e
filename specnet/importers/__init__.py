"""Read models of other tools (Caffe, Darknet, ONNX, Keras, Ultralytics, torch) as networks, and write them as specs."""

from specnet.importers.errors import MissingLibrary, UnreadableModel
from specnet.importers.imported import Entry, Fate, Imported, Scope, SourceLayer, SourceTotals, StoredArray
from specnet.importers.importing import import_model
from specnet.importers.request import Request
from specnet.importers.result import ImportResult

__all__ = [
    "Entry",
    "Fate",
    "ImportResult",
    "Imported",
    "MissingLibrary",
    "Request",
    "Scope",
    "SourceLayer",
    "SourceTotals",
    "StoredArray",
    "UnreadableModel",
    "import_model",
]
