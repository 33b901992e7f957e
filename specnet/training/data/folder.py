"""Read a folder of images: `train`, `validation` and `test`, or no parts.

The classes are the names of subfolders, or in the names of the files.
"""

from __future__ import annotations

from specnet.settings.data import Folder
from specnet.training.data.folder_labels import read_labelled_layout
from specnet.training.data.folder_layout import read_layout
from specnet.training.data.image_files import read_image_files
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.places import find_folder


def read_folder(setting: Folder, request: DataRequest) -> DataSet:
    """Read all parts, decoded once to the requested size; raises DataProblem, CannotRun."""
    folder = find_folder(setting.path, request)
    if setting.label:
        layout = read_labelled_layout(folder, setting.label)
    else:
        layout = read_layout(folder, is_for_training=request.classes is None)
    return read_image_files(folder, layout, setting, request)
