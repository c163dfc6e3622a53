"""How labelling came out: strategies counted, compared with each other and with gold, and paid.

`count_labels` makes a `LabelReport` of a stream of annotations, `write_label_report` a page of it.
"""

from turnwise.evaluation.labelling.figures import LabelReport, Reading, Spent
from turnwise.evaluation.labelling.page import write_label_report
from turnwise.evaluation.labelling.tables import strategy_tables
from turnwise.evaluation.labelling.tally import count_labels

__all__ = [
    "LabelReport",
    "Reading",
    "Spent",
    "count_labels",
    "strategy_tables",
    "write_label_report",
]
