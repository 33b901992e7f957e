"""Training: a module and typed settings in, a run's folder out. It knows no syntax and prints nothing.

run = train(job, Options(device="cuda"), watcher)
run = resume(recorded(folder), job, options, watcher)
"""

from specnet.training.errors import (
    BadRun,
    CannotRun,
    DataProblem,
    Interrupted,
    NotFinite,
    OutOfMemory,
    RankLost,
    TrainingError,
    Unsuitable,
)
from specnet.training.evaluate import Asked, evaluate
from specnet.training.job import Answer, Job, Metrics, Options, Part, Plan, Progress, Run, Silent, Watcher
from specnet.training.kept_spec import SPEC
from specnet.training.measures import Evaluation, Measures
from specnet.training.predict import Guess, Prediction, predict
from specnet.training.recorded import Recorded, recorded
from specnet.training.run import resume, train
from specnet.training.run_folder import MODEL
from specnet.training.trained import Trained, trained
from specnet.training.weights import Weights
from specnet.training.weights import read as read_weights

__all__ = [
    "MODEL",
    "SPEC",
    "Answer",
    "Asked",
    "BadRun",
    "CannotRun",
    "DataProblem",
    "Evaluation",
    "Guess",
    "Interrupted",
    "Job",
    "Measures",
    "Metrics",
    "NotFinite",
    "Options",
    "OutOfMemory",
    "Part",
    "Plan",
    "Prediction",
    "Progress",
    "RankLost",
    "Recorded",
    "Run",
    "Silent",
    "Trained",
    "TrainingError",
    "Unsuitable",
    "Watcher",
    "Weights",
    "evaluate",
    "predict",
    "read_weights",
    "recorded",
    "resume",
    "train",
    "trained",
]
