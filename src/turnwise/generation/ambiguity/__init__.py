"""Queries that several labels fit, made of clear ones: embedded or by a language model.

    clear queries --words left out, or rewritten--> read again --> Ambiguous between named labels

The ambiguous queries of S3 (Scaling Intent Understanding: A Framework for Classification with
Clarification using Lightweight LLMs), section 2.1.1.
"""

from turnwise.generation.ambiguity.llm import LlmAmbiguity
from turnwise.generation.ambiguity.make import AmbiguityMaker, EmbeddedAmbiguity, make_ambiguous
from turnwise.generation.ambiguity.phrases import Phrasing
from turnwise.generation.ambiguity.queries import Ambiguous, ClearQuery, alone
from turnwise.generation.ambiguity.sets import LabelSets, Meant, ReaderSets

__all__ = [
    "AmbiguityMaker",
    "Ambiguous",
    "ClearQuery",
    "EmbeddedAmbiguity",
    "LabelSets",
    "LlmAmbiguity",
    "Meant",
    "Phrasing",
    "ReaderSets",
    "alone",
    "make_ambiguous",
]
