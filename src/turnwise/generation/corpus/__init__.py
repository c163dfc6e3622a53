"""Generated conversations as a corpus that others can use: files, splits, and a data card."""

from turnwise.generation.corpus.export import Corpus, Written, write_corpus
from turnwise.generation.corpus.fertility import Fertility, token_fertility
from turnwise.generation.corpus.figures import CorpusFigures, describe_corpus
from turnwise.generation.corpus.splits import Splits, split_corpus

__all__ = [
    "Corpus",
    "CorpusFigures",
    "Fertility",
    "Splits",
    "Written",
    "describe_corpus",
    "split_corpus",
    "token_fertility",
    "write_corpus",
]
