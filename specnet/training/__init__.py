"""Training: a module and typed settings in, a run's folder out. It knows no syntax and prints nothing.

run = train(job, Options(device="cuda"), watcher)
run = resume(recorded(folder), job, options, watcher)
"""

from specnet.training.engine.evaluator import ClassificationMetrics, Evaluation
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
from specnet.training.evaluate import EvaluationOptions, evaluate
from specnet.training.job import Job, LayerInfo, Metrics, Options, OutputLayer, Plan, Progress, Run, Silent, Watcher
from specnet.training.run import resume, train
from specnet.training.runs.loaded_run import LoadedRun, Prediction, ScoredClass, build_loaded_run, predict
from specnet.training.runs.run_config import RunConfig, read_run_config
from specnet.training.runs.run_folder import MODEL, SPEC, WeightsFile, read_weights

__all__ = [
    "MODEL",
    "SPEC",
    "BadRun",
    "CannotRun",
    "ClassificationMetrics",
    "DataProblem",
    "Evaluation",
    "EvaluationOptions",
    "Interrupted",
    "Job",
    "LayerInfo",
    "LoadedRun",
    "Metrics",
    "NotFinite",
    "Options",
    "OutOfMemory",
    "OutputLayer",
    "Plan",
    "Prediction",
    "Progress",
    "RankLost",
    "Run",
    "RunConfig",
    "ScoredClass",
    "Silent",
    "TrainingError",
    "Unsuitable",
    "Watcher",
    "WeightsFile",
    "build_loaded_run",
    "evaluate",
    "predict",
    "read_run_config",
    "read_weights",
    "resume",
    "train",
]
