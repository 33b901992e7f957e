"""Training: a module and typed settings in, a run's folder out. It knows no syntax and prints nothing.

run = train(job, Options(device="cuda"), callback)
run = resume(recorded(folder), job, options, callback)
"""

from specnet.training.engine.evaluator import Evaluation
from specnet.training.errors import (
    BadRun,
    CannotRun,
    DataLost,
    DataProblem,
    Interrupted,
    NotFinite,
    OutOfMemory,
    RankLost,
    TrainingError,
    Unsuitable,
)
from specnet.training.evaluate import EvaluationOptions, evaluate
from specnet.training.job import (
    Callback,
    GivenData,
    Job,
    LayerInfo,
    Metrics,
    Options,
    OutputLayer,
    OwnMetric,
    Plan,
    PluginMetric,
    Progress,
    Run,
)
from specnet.training.predict import predict, stream_predictions
from specnet.training.run import resume, train
from specnet.training.runs.loaded_run import LoadedRun, build_loaded_run
from specnet.training.runs.run_config import RunConfig, read_run_config
from specnet.training.runs.run_folder import MODEL, SPEC, Weights, read_weights
from specnet.training.tasks.answers import Answer, Prediction
from specnet.training.tasks.classify import ClassificationMetrics
from specnet.training.tasks.results import Results

__all__ = [
    "MODEL",
    "SPEC",
    "Answer",
    "BadRun",
    "Callback",
    "CannotRun",
    "ClassificationMetrics",
    "DataLost",
    "DataProblem",
    "Evaluation",
    "EvaluationOptions",
    "GivenData",
    "Interrupted",
    "Job",
    "LayerInfo",
    "LoadedRun",
    "Metrics",
    "NotFinite",
    "Options",
    "OutOfMemory",
    "OutputLayer",
    "OwnMetric",
    "Plan",
    "PluginMetric",
    "Prediction",
    "Progress",
    "RankLost",
    "Results",
    "Run",
    "RunConfig",
    "ScoredClass",
    "TrainingError",
    "Unsuitable",
    "Weights",
    "build_loaded_run",
    "evaluate",
    "predict",
    "read_run_config",
    "read_weights",
    "resume",
    "stream_predictions",
    "train",
]
