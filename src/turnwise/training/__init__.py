"""Annotations -> classifier -> bundle.

    labelled examples --train, finetune--> Classifier --pack--> Bundle

`train` fits one model for all dimensions on the vectors of a frozen encoder and calibrates it;
`finetune` trains the encoder with it;
`pack` puts encoder and model into one ONNX graph and writes the directory that serves. Importing
this package loads no torch.
"""

from turnwise.training.classifier import Classifier
from turnwise.training.config import EncoderTuning, TrainingConfig
from turnwise.training.data import LabelledExample
from turnwise.training.finetuning import Finetuned, finetune
from turnwise.training.learning import train
from turnwise.training.operating import RefusalConfig
from turnwise.training.packing import pack
from turnwise.training.planning import TrainingPlan, plan_training

__all__ = [
    "Classifier",
    "EncoderTuning",
    "Finetuned",
    "LabelledExample",
    "RefusalConfig",
    "TrainingConfig",
    "TrainingPlan",
    "finetune",
    "pack",
    "plan_training",
    "train",
]
