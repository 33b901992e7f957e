"""The classifiers of scikit-learn that a network is compared with; importing this module does not import them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Classifier:
    """A classifier in a few words, its class in scikit-learn, its settings, and whether it draws random numbers."""

    meaning: str
    module: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_random: bool = True

    def build(self, seed: int) -> Any:
        """Return a new classifier, which is not fitted yet."""
        seeded = {"random_state": seed} if self.is_random else {}
        return getattr(import_module(f"sklearn.{self.module}"), self.name)(**self.settings, **seeded)


CLASSIFIERS: Mapping[str, Classifier] = {
    "knn": Classifier("the vote of the 5 nearest neighbours", "neighbors", "KNeighborsClassifier", is_random=False),
    "linear": Classifier("least squares, a plane for each class", "linear_model", "RidgeClassifier"),
    "perceptron": Classifier(
        "a perceptron with two layers of 10", "neural_network", "MLPClassifier", {"hidden_layer_sizes": (10, 10)}
    ),
    "logistic": Classifier("logistic regression", "linear_model", "LogisticRegression"),
    "tree": Classifier("a decision tree", "tree", "DecisionTreeClassifier"),
    "forest": Classifier("a forest of 100 trees", "ensemble", "RandomForestClassifier"),
    "boosted": Classifier(
        "50 rounds of gradient-boosted trees", "ensemble", "HistGradientBoostingClassifier", {"max_iter": 50}
    ),
}
"""The classifiers by the words that name them, the cheapest first."""
