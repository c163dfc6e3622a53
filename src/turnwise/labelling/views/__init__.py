"""The embedded forms of the strategies: views of the data in place of prompts, no network.

`fit_strategy` builds the one that a configuration names. `lay_ground` and `build` are the same in
two steps, for several strategies that share one seed.
"""

from turnwise.labelling.views.ground import Ground, lay_ground
from turnwise.labelling.views.strategies import build, fit_strategy

__all__ = ["Ground", "build", "fit_strategy", "lay_ground"]
