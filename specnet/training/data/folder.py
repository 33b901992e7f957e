"""Read a folder of images: `train`, `validation` and `test`, or no parts.

The classes are the names of subfolders, or in the names of the files, or those of the pixels of masks.
"""

from __future__ import annotations

from specnet.settings.data import Folder
from specnet.settings.loss import Target
from specnet.training.data.folder_labels import read_labelled_layout
from specnet.training.data.folder_layout import read_layout
from specnet.training.data.image_files import read_image_files
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.masked_files import read_masked_files
from specnet.training.data.masked_layout import read_masked_layout
from specnet.training.data.places import find_folder
from specnet.training.errors import DataProblem


def read_folder(setting: Folder, request: DataRequest) -> DataSet:
    """Read all parts, decoded once to the requested size; raises DataProblem, CannotRun."""
    folder = find_folder(setting.path, request)
    if request.target is Target.MASK:
        if not setting.masks:
            raise DataProblem(f'the images in {folder} have no masks; masks="FOLDER" says where they are')
        return read_masked_files(folder, read_masked_layout(folder, setting, request), setting, request)
    if setting.label:
        layout = read_labelled_layout(folder, setting.label)
    else:
        layout = read_layout(folder, is_for_training=request.classes is None)
    return read_image_files(folder, layout, setting, request)
