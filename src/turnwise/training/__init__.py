"""Annotations -> classifier -> bundle.

    labelled examples --train--> Classifier --pack--> Bundle

`train` fits one model for all dimensions on the vectors of a frozen encoder and calibrates it;
`pack` puts encoder and model into one ONNX graph and writes the directory that serves. Importing
this package loads no torch.
"""

from turnwise.training.classifier import Classifier
from turnwise.training.config import TrainingConfig
from turnwise.training.data import LabelledExample
from turnwise.training.learning import train
from turnwise.training.packing import pack

__all__ = ["Classifier", "LabelledExample", "TrainingConfig", "pack", "train"]
