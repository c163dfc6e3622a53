"""Whether a service still sees and says what its bundle did when it was trained.

    decisions -> Sample -> Profile --measure, beside the bundle's reference--> Drift

`DriftWindow` does it for a running server, `steps.drifting` for what was logged.
"""

from turnwise.serving.drift.measures import (
    FEWEST,
    Change,
    Drift,
    LabelMove,
    Measure,
    Verdict,
    measure,
    missing,
)
from turnwise.serving.drift.window import DriftWindow

__all__ = [
    "FEWEST",
    "Change",
    "Drift",
    "DriftWindow",
    "LabelMove",
    "Measure",
    "Verdict",
    "measure",
    "missing",
]
