"""Labelling by a language model: each strategy of METHODS as questions to an endpoint.

`single`, `two-stage` and `zero-shot` follow S0 (Building Multi-turn Intent Classification with
LLM-based Labeling), `lara` and `clara` S1 (Balancing Accuracy and Efficiency in Multi-Turn
Intent Classification for LLM-Powered Dialog Systems in Production); the prompts are our own. A
strategy labels one customer turn along all dimensions; `LlmAnnotator` makes an annotator of it
that the labelling stage takes, asking for many turns at once.
"""

from turnwise.labelling.llm.annotator import LlmAnnotator, Strategy
from turnwise.labelling.llm.clara import Clara
from turnwise.labelling.llm.lara import Lara
from turnwise.labelling.llm.picks import CERTAINTY, is_missing, is_unusable
from turnwise.labelling.llm.proposer import fit_proposer, fit_retriever
from turnwise.labelling.llm.retrieval import Retriever
from turnwise.labelling.llm.single import Single
from turnwise.labelling.llm.strategies import (
    Models,
    make_annotator,
    make_strategy,
    needs_retriever,
    strategy_names,
)
from turnwise.labelling.llm.two_stage import TwoStage
from turnwise.labelling.llm.zero_shot import ZeroShot

__all__ = [
    "CERTAINTY",
    "Clara",
    "Lara",
    "LlmAnnotator",
    "Models",
    "Retriever",
    "Single",
    "Strategy",
    "TwoStage",
    "ZeroShot",
    "fit_proposer",
    "fit_retriever",
    "is_missing",
    "is_unusable",
    "make_annotator",
    "make_strategy",
    "needs_retriever",
    "strategy_names",
]
