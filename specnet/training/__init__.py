"""Training: a module and typed settings in, a run's folder out. It knows no syntax and prints nothing.

run = train(job, Options(device="cuda"), watcher)
run = resume(recorded(folder), job, options, watcher)
"""

from specnet.training.errors import (
    CannotRun,
    DataProblem,
    Interrupted,
    NotFinite,
    OutOfMemory,
    TrainingError,
    Unsuitable,
)
from specnet.training.job import Job, Metrics, Options, Plan, Progress, Run, Silent, Watcher
from specnet.training.recorded import Recorded, recorded
from specnet.training.run import resume, train

__all__ = [
    "CannotRun",
    "DataProblem",
    "Interrupted",
    "Job",
    "Metrics",
    "NotFinite",
    "Options",
    "OutOfMemory",
    "Plan",
    "Progress",
    "Recorded",
    "Run",
    "Silent",
    "TrainingError",
    "Unsuitable",
    "Watcher",
    "recorded",
    "resume",
    "train",
]
