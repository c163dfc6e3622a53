"""What was made and not kept: a section of a report."""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.evaluation.markup import Section
from turnwise.evaluation.tables import Table
from turnwise.generated import Dropped

_TEXT = (
    "Of turns, only a new wording was dropped: the example that it was made from stands in its "
    "place. Of answer pairs, the conversation stays."
)


def dropped_section(dropped: Sequence[Dropped]) -> Section:
    """Show what was dropped, of which kind, and why."""
    rows = tuple((one.what, one.reason, one.count) for one in dropped)
    return Section("What was dropped", _TEXT, (Table(("What", "Why", "How many"), rows),))
