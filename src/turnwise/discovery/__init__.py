"""Conversations -> intents: clusters of utterances, judged, named, ready to become a taxonomy.

The method is that of S4 (Dial-In LLM: Human-Aligned LLM-in-the-loop Intent Clustering for
Customer Service Dialogues): clusters are judged coherent or not, the good ones are kept, and what
is left is clustered again. Whoever judges and names is handed in.
"""

from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.discover import Helpers, discover, discover_utterances

__all__ = ["DiscoveryConfig", "Helpers", "discover", "discover_utterances"]
