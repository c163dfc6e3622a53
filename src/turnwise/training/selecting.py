"""The selector of a training whose contexts join the turn with one earlier turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from turnwise.context_selection import Selector
from turnwise.encoders import Encoder
from turnwise.errors import TrainingError
from turnwise.progress import Progress
from turnwise.sampling import stable_hash
from turnwise.training.config import TrainingConfig
from turnwise.training.data import LabelledExample
from turnwise.training.preparing import Prepared


def selector_for(prepared: Prepared, encoder: Encoder, progress: Progress) -> Selector | None:
    """Train a selector where contexts join by `select`; None where they don't.

    Its teacher is a classifier on the frozen vectors that sees turn and history apart, taught on
    one half of the conversations; what each earlier turn brings is told by the other half, and
    the other way about.
    """
    taxonomy, config = prepared.taxonomy, prepared.config
    if config.context.join != "select":
        return None
    from turnwise.training.learning import train
    from turnwise.training.selector import fit_selector, gains

    teacher = TrainingConfig(
        context=replace(config.context, join="apart"), several=config.several, seed=config.seed
    )
    found, examples = [], []
    for kept, shown in halves(prepared.kept):
        try:
            classifier = train(kept, [], taxonomy, encoder, teacher, progress)
        except TrainingError as error:
            raise TrainingError(
                "training.context.join: select learns which turn helps on one half of the "
                f"conversations, then the other, and one of them falls short: {error}; or take "
                "join: text"
            ) from error
        found += gains(classifier, shown, encoder, progress)
        examples += [one.example for one in shown]
    return fit_selector(examples, found, config.context)


def halves(
    labelled: Sequence[LabelledExample],
) -> Iterator[tuple[list[LabelledExample], list[LabelledExample]]]:
    """Both ways to learn from one half of the conversations and be shown the other."""
    odd = [one for one in labelled if stable_hash(one.example.key[0]) // 10 % 2]
    even = [one for one in labelled if not stable_hash(one.example.key[0]) // 10 % 2]
    yield odd, even
    yield even, odd
