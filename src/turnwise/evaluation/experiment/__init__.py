"""What an experiment's arms did: logged sessions -> figures with intervals, tests and warnings.

exposures, decisions, feedback --gathering--> sessions --metrics--> values --report--> figures
"""

from turnwise.evaluation.experiment.figures import ExperimentPlan, ExperimentReport
from turnwise.evaluation.experiment.gathering import gather_sessions
from turnwise.evaluation.experiment.report import describe_experiment

__all__ = ["ExperimentPlan", "ExperimentReport", "describe_experiment", "gather_sessions"]
