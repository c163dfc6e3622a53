"""Turns -> annotations: every customer turn labelled along every dimension.

`label` is the stage; it is handed an `Annotator`. The embedded one is fitted by
`fit_annotator` on a taxonomy and a labelled seed, and asks nobody.
"""

from turnwise.labelling.annotator import Annotator, LabellingConfig, label
from turnwise.labelling.embedded import EMBEDDED, EmbeddedAnnotator, fit_annotator

__all__ = [
    "EMBEDDED",
    "Annotator",
    "EmbeddedAnnotator",
    "LabellingConfig",
    "fit_annotator",
    "label",
]
