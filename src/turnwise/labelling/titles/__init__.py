"""Titles of labels, made short: `turnwise taxonomy compress`.

A short title costs little in a prompt and is answered word for word. From S1 (Balancing Accuracy
and Efficiency in Multi-Turn Intent Classification for LLM-Powered Dialog Systems in Production):
somebody proposes, and the least of token count + 1 - cosine to the original is taken, each phrase
by one label of a dimension only. The proposals are keyphrases (`phrases`), or a language model's
(`llm`).
"""

from turnwise.labelling.titles.compress import (
    Compressed,
    compress_titles,
    titles_to_shorten,
    with_titles,
)
from turnwise.labelling.titles.llm import Proposal, propose_by_model, title_questions

__all__ = [
    "Compressed",
    "Proposal",
    "compress_titles",
    "propose_by_model",
    "title_questions",
    "titles_to_shorten",
    "with_titles",
]
