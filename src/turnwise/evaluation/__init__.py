"""Predictions and gold -> figures, plots and one HTML report, always beside two baselines."""

from turnwise.evaluation.baselines import majority, tfidf
from turnwise.evaluation.drawing import Figure, bar_chart
from turnwise.evaluation.figures import Evaluation
from turnwise.evaluation.markup import Section
from turnwise.evaluation.report import write_report
from turnwise.evaluation.scoring import EvaluationConfig, evaluate
from turnwise.evaluation.tables import Share, Table

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
