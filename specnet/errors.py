"""The exceptions of the Python API, all in one tree.

SpecNetError
├── IncompleteInstall     a part of SpecNet itself is missing
├── PluginError           a plugin cannot be imported, or registers what cannot be  (ValueError)
├── ProjectError          a pyproject.toml cannot be read, or its table has mistakes (ValueError)
├── SpecError             a spec has errors; `checked` holds its diagnostics         (ValueError)
├── VariantsError         variants of a sweep have errors, or cannot be trained     (ValueError)
├── OverrideError         an override names nothing in the spec, or has no value     (ValueError)
├── DrawingError          a picture cannot be made, asked for from Python
│   ├── GraphvizMissing   the layers view needs a program that is not installed
│   ├── GraphvizError     that program failed
│   │   └── GraphvizTooSlow
│   ├── MatplotlibMissing the volumes view as PNG or PDF needs it
│   └── PictureTooLarge   a PNG would take too much memory
├── UnreadableModel       a model of another tool is damaged, unsafe, or says what cannot be (ValueError)
│   └── MissingLibrary    a library that reads the format is not installed
├── UntrainableError      a sound network cannot be trained, as with two outputs    (ValueError)
├── WeightsError          a file of weights, asked for from Python; a training turns it into a TrainingError
│   ├── UnreadableWeights damaged, unsafe, or in a format that is not read
│   ├── MissingReader     a library that reads the format is not installed
│   └── UnfitWeights      those of another network
│       └── AmbiguousWeights  they could be matched in several ways
├── ExportError           a network cannot be written for another program; `exit_code` is that of the command
│   ├── WrongExport       what was made computes something else, and is not written
│   ├── Inexpressible     the format has no words for some of its layers
│   └── MissingProgram    a library that makes the format is not installed
└── TrainingError         a training, an evaluation or a prediction fails; `exit_code` is that of the command
    ├── DataProblem       images or labels are missing, damaged, or not what the spec says
    │   └── PluginFailure a loss, an augmentation … of a plugin fails
    ├── Unsuitable        the network, its data and its settings do not go together
    ├── BadRun            the folder of a run is damaged
    ├── CannotRun         a device, a folder, disk space or an option's value is not available
    ├── NotFinite         the loss is no longer a number
    ├── OutOfMemory       a step does not fit into memory
    ├── RankLost          another process of the same training has died
    ├── DataLost          images can no longer be read in the middle of a run
    └── Interrupted       a signal stopped the training, which is saved

Besides, as everywhere in Python, a file that cannot be read is an OSError, an argument of another type than it should
have is a TypeError, and one that makes no sense a ValueError. A bad spec is never an exception for `specnet.check`,
which returns its diagnostics.
"""

from __future__ import annotations


class SpecNetError(Exception):
    """The base of all exceptions that SpecNet raises on purpose; the message is for the user, each argument a line."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class PluginError(SpecNetError, ValueError):
    """A plugin cannot be imported, or registers what cannot be: the message says what, where, and what to do."""


class ProjectError(SpecNetError, ValueError):
    """A pyproject.toml cannot be read, or its table makes no sense."""
