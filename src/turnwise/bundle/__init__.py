"""A trained model packed to serve: written by `training.pack`, read by `Bundle.load`.

Numpy, onnxruntime and tokenizers suffice for all that is here.
"""

from turnwise.bundle.bundle import FILES, TAXONOMY, Bundle, Outputs, Prediction, last_customer_turn
from turnwise.bundle.levels import Levels, leaves_only, level_logits, levels_of, path_scores
from turnwise.bundle.manifest import (
    MANIFEST,
    Agreement,
    DataCounts,
    Manifest,
    Score,
    TrainingRecord,
    conversation_hash,
    file_facts,
    write_manifest,
)
from turnwise.bundle.model import MODEL, TOKENIZER, Logits, PackedModel, Probabilities, softmax

__all__ = [
    "FILES",
    "MANIFEST",
    "MODEL",
    "TAXONOMY",
    "TOKENIZER",
    "Agreement",
    "Bundle",
    "DataCounts",
    "Levels",
    "Logits",
    "Manifest",
    "Outputs",
    "PackedModel",
    "Prediction",
    "Probabilities",
    "Score",
    "TrainingRecord",
    "conversation_hash",
    "file_facts",
    "last_customer_turn",
    "leaves_only",
    "level_logits",
    "levels_of",
    "path_scores",
    "softmax",
    "write_manifest",
]
