"""Predictions and gold -> figures, plots and one HTML report, always beside two baselines."""

from turnwise.evaluation.baselines import majority, tfidf
from turnwise.evaluation.drawing import Figure, bar_chart
from turnwise.evaluation.figures import Evaluation
from turnwise.evaluation.markup import Section, Share, Table
from turnwise.evaluation.report import write_report
from turnwise.evaluation.scoring import EvaluationConfig, evaluate

__all__ = [
    "Evaluation",
    "EvaluationConfig",
    "Figure",
    "Section",
    "Share",
    "Table",
    "bar_chart",
    "evaluate",
    "majority",
    "tfidf",
    "write_report",
]
