"""Which labelled turns a person should look at first, and why."""

from turnwise.labelling.review.doubts import Doubt, Reason, doubts_of, same_source
from turnwise.labelling.review.queue import MOST_ALIKE, Ranked, rank

__all__ = ["MOST_ALIKE", "Doubt", "Ranked", "Reason", "doubts_of", "rank", "same_source"]
