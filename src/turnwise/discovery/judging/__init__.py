"""Who tells clusters that hold one intent from those that mix several.

`EmbeddedJudge` works in the loop, by the geometry of vectors. `WordingJudge` judges the result:
another one, by wording alone. `LlmJudge` reads and is asked; `CrowdJudge` is several of them.
"""

from turnwise.discovery.judging.classifier import EmbeddedJudge
from turnwise.discovery.judging.crowd import CrowdJudge
from turnwise.discovery.judging.llm import LlmJudge
from turnwise.discovery.judging.second import WordingJudge

__all__ = ["CrowdJudge", "EmbeddedJudge", "LlmJudge", "WordingJudge"]
