"""A small discovery, made by hand."""

from __future__ import annotations

import numpy as np

from turnwise.clusters import Cluster, ClusterName, Discovery, Merge, SetAside, Utterance

SAID = {
    "cancel-order": ["cancel my order", "please cancel the order", "i no longer want my order"],
    "ask-refund": ["where is my refund", "i want my money back", "=refund now"],
    "track-parcel": ["where is my parcel", "track my parcel", "parcel not here"],
}


def found(**said: list[str]) -> Discovery:
    """A discovery of one cluster for each name, `_` read as `-`; by default `SAID`."""
    texts = {name.replace("_", "-"): list(some) for name, some in said.items()} or SAID
    utterances = tuple(
        Utterance(text, count=place + 1)
        for some in texts.values()
        for place, text in enumerate(some)
    )
    clusters, start = [], 0
    for name, some in texts.items():
        rows = tuple(range(start, start + len(some)))
        action, _, objective = name.partition("-")
        title = name.replace("-", " ").capitalize()
        clusters.append(
            Cluster(
                name=ClusterName(action, objective, title, "en", f"The customer wants: {title}."),
                path=("orders", name) if "order" in name else (name,),
                members=rows,
                examples=rows,
                score=0.9,
                good=name != "track-parcel",
                diversity=0.2,
                round=1,
                turns=sum(utterances[row].count for row in rows),
            )
        )
        start += len(some)
    return Discovery(
        utterances=utterances,
        vectors=np.eye(len(utterances), 8, dtype=np.float32),
        clusters=tuple(clusters),
        unclustered=(),
        set_aside=(SetAside("hello", 2, "greeting"),),
        rounds=(),
        merges=(Merge("cancel-order", "ask-refund", 0.8, False),),
        judge="one",
        final_judge="another",
        namer="a third",
        goodness=2 / 3,
    )
