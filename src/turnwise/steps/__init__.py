"""The steps of the pipeline: each reads a project, calls one stage, and stores what comes out.

A step stores as it goes, so that a run killed at any moment resumes with what is missing.
"""

from turnwise.steps.clarify_scores import ClarifyResult, evaluate_clarify
from turnwise.steps.deciding import Dialogue, open_policy
from turnwise.steps.discovering import DiscoverOptions, DiscoverResult, discover_intents
from turnwise.steps.escalations import Limits
from turnwise.steps.evaluating import EvaluateResult, evaluate_bundle
from turnwise.steps.exporting import ExportResult, export_logs
from turnwise.steps.generating import GenerateOptions, generate_conversations
from turnwise.steps.generation_writing import GenerateResult
from turnwise.steps.importing import ImportResult, import_logs
from turnwise.steps.label_options import LabelOptions
from turnwise.steps.label_plan import LabelPlan, plan_labels
from turnwise.steps.labelling import LabelResult, label_logs
from turnwise.steps.policy_plan import PolicyPlan, plan_policy
from turnwise.steps.policy_scores import PolicyResult, evaluate_policy
from turnwise.steps.predicting import predict_conversations
from turnwise.steps.serving import serve_bundle
from turnwise.steps.statistics import project_statistics
from turnwise.steps.training import TrainResult, plan_bundle, train_bundle

__all__ = [
    "ClarifyResult",
    "Dialogue",
    "DiscoverOptions",
    "DiscoverResult",
    "EvaluateResult",
    "ExportResult",
    "GenerateOptions",
    "GenerateResult",
    "ImportResult",
    "LabelOptions",
    "LabelPlan",
    "LabelResult",
    "Limits",
    "PolicyPlan",
    "PolicyResult",
    "TrainResult",
    "discover_intents",
    "evaluate_bundle",
    "evaluate_clarify",
    "evaluate_policy",
    "export_logs",
    "generate_conversations",
    "import_logs",
    "label_logs",
    "open_policy",
    "plan_bundle",
    "plan_labels",
    "plan_policy",
    "predict_conversations",
    "project_statistics",
    "serve_bundle",
    "train_bundle",
]
