"""What shortening titles by keyphrases keeps, on BANKING77.

    python -m benchmarks.titles [--data DIR]

Titles are the labels' names in words, with eight utterances of each label as examples; and, as
long as the questions that stand as titles in S1, one utterance of each label, with seven others
as examples. Measured over the titles that became shorter: tokens of the encoder before and after,
cosine to the long title, and the share of short titles whose nearest long title, of all 77, is
their own. Beside the tolerance in use (`FAITHFUL`), others: 0 takes what means most, 2 is the bare
token count + 1 - cosine over all phrases. A few seconds; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import data
from turnwise.encoders import DEFAULT_ENCODER, Encoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.labelling.titles import compress, compress_titles
from turnwise.project import encoder_cache
from turnwise.taxonomy import Dimension, Label, Taxonomy

EXAMPLES = 8
TOLERANCES = (0.0, 0.05, compress.FAITHFUL, 0.15, 0.2, 2.0)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, help="folder of the data sets")
    found = data.data_folder(options.parse_args().data)
    encoder = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    figures = []
    for titles, labels in banking(found).items():
        taxonomy = Taxonomy("banking77", (Dimension("intent", tuple(labels)),))
        for tolerance in TOLERANCES:
            figures.append({"titles": titles, **measured(taxonomy, encoder, tolerance)})
            print(", ".join(f"{name} {value}" for name, value in figures[-1].items()))
    print(json.dumps({"cells": figures}))
    return 0


def banking(folder: Path) -> dict[str, Sequence[Label]]:
    """The labels of BANKING77 with two kinds of titles."""
    loaded = data.utterances(folder, "banking77")
    said: dict[str, list[str]] = defaultdict(list)
    for one in loaded.splits["train"]:
        said[one.turns[0].gold["intent"][0]].append(one.turns[0].text)
    labels = loaded.taxonomy["intent"].labels
    return {
        "names": [replace(one, examples=tuple(said[one.name][:EXAMPLES])) for one in labels],
        "utterances": [
            replace(
                one,
                titles={"en": said[one.name][0]},
                examples=tuple(said[one.name][1:EXAMPLES]),
            )
            for one in labels
        ],
    }


def measured(taxonomy: Taxonomy, encoder: Encoder, tolerance: float) -> dict[str, float]:
    used, compress.FAITHFUL = compress.FAITHFUL, tolerance
    try:
        titles = compress_titles(taxonomy, encoder)
    finally:
        compress.FAITHFUL = used
    shorter = [one for one in titles if one.changed]
    near = (
        encoder.encode([one.short for one in titles])
        @ encoder.encode([one.long for one in titles]).T
    )
    own = near.argmax(axis=1) == np.arange(len(titles))
    return {
        "tolerance": tolerance,
        "shorter": len(shorter),
        "tokens_before": round(float(np.mean([one.tokens_long for one in shorter])), 1),
        "tokens": round(float(np.mean([one.tokens for one in shorter])), 1),
        "cosine": round(float(np.mean([one.cosine for one in shorter])), 2),
        "nearest_is_own": round(float(own.mean()), 3),
        "distinct": len({one.short.casefold() for one in titles}),
    }


if __name__ == "__main__":
    sys.exit(main())
