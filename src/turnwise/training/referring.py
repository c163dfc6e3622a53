"""What drift is told by: what a bundle says of turns that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from turnwise.bundle import Bundle, write_manifest
from turnwise.bundle.reference import Profile, Sample
from turnwise.bundle.refusal import COMBINED
from turnwise.conversations import Example
from turnwise.decision_log import GivenLabel
from turnwise.progress import Progress, silent


def note_reference(folder: Path, held: Sequence[Example], progress: Progress = silent) -> None:
    """Have a bundle label the turns that were held apart, and keep its figures in the manifest.

    Args:
        held: with the text as it was trained on; none leaves a profile of no turns.

    Raises:
        BundleError: the bundle can't be read.
    """
    bundle = Bundle.load(folder, verify=False)
    reference = profile_of(bundle, held, progress)
    write_manifest(replace(bundle.manifest, reference=reference), folder)


def profile_of(bundle: Bundle, turns: Sequence[Example], progress: Progress = silent) -> Profile:
    """What a bundle says of some turns, in figures."""
    found = bundle.outputs(turns, progress)
    best = {name: rows.argmax(1) for name, rows in found.probabilities.items()}
    scores, threshold = None, 0.0
    if bundle.refuser is not None:
        scores = bundle.refuser.scores(bundle.refusable(found), found.vectors)[COMBINED]
        threshold = bundle.refuser.threshold
    sample = Sample()
    for row, turn in enumerate(turns):
        model = {
            name: GivenLabel(bundle.taxonomy[name].names[at[row]], float(rows[row, at[row]]))
            for (name, rows), at in zip(found.probabilities.items(), best.values(), strict=True)
        }
        score = None if scores is None else float(scores[row])
        sample.add(turn.key[0], model, score, None if score is None else score > threshold)
    return sample.profile()
