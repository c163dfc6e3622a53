"""Predictions and gold -> figures, plots and one HTML report, always beside two baselines."""

from turnwise.evaluation.baselines import majority, tfidf
from turnwise.evaluation.figures import Evaluation
from turnwise.evaluation.scoring import EvaluationConfig, evaluate

__all__ = ["Evaluation", "EvaluationConfig", "evaluate", "majority", "tfidf"]
