"""Names for clusters, in the convention action-objective: `inquire-promotion`, `cancel-order`.

The convention is that of S4 (Dial-In LLM: Human-Aligned LLM-in-the-loop Intent Clustering for
Customer Service Dialogues). `EmbeddedNamer` asks nobody, `LlmNamer` a language model.
"""

from turnwise.discovery.naming.embedded import EmbeddedNamer
from turnwise.discovery.naming.llm import LlmNamer

__all__ = ["EmbeddedNamer", "LlmNamer"]
