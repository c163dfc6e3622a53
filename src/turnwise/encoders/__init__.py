"""Texts -> vectors of unit length.

`OnnxEncoder` runs an encoder, `KeptEncoder` keeps its vectors. Neither needs torch: what does is
in `encoders.export`, which makes the folder that `OnnxEncoder` reads, and is imported by name.
"""

from turnwise.encoders.card import EncoderCard, read_card
from turnwise.encoders.encoder import Encoder, EncoderFacts, Vectors
from turnwise.encoders.kept import KeptEncoder, VectorStore, vector_key
from turnwise.encoders.onnx import OnnxEncoder
from turnwise.encoders.session import open_session
from turnwise.encoders.source import DEFAULT_ENCODER, EncoderSource, find_source
from turnwise.encoders.token_batches import Batch, TextReader

__all__ = [
    "DEFAULT_ENCODER",
    "Batch",
    "Encoder",
    "EncoderCard",
    "EncoderFacts",
    "EncoderSource",
    "KeptEncoder",
    "OnnxEncoder",
    "TextReader",
    "VectorStore",
    "Vectors",
    "find_source",
    "open_session",
    "read_card",
    "vector_key",
]
