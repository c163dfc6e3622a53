"""The embedded namer: action and objective from cues, telling phrases and the encoder.

    utterances --cues--> action: inquire, report, or the verb that customers use: cancel
    utterances --class-based TF-IDF--> phrases --encoder--> objective: the one that is near this
    cluster's centroid and far from its neighbours'

Nothing is asked and nothing downloaded. Cues read English alone. In another language the
objective is made of the logs' own words (of runs of characters where nothing is written between
words), the action is `inquire` where most utterances are questions and else `about`, which claims
nothing; the title is the objective.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.clusters import ClusterName, Rows, Space, Utterance
from turnwise.discovery.naming.actions import actions_of
from turnwise.discovery.naming.assignment import first_free
from turnwise.discovery.naming.languages import languages_of
from turnwise.discovery.naming.phrases import Phrase, same_stem
from turnwise.discovery.naming.ranking import Typical, rank_objectives, read_clusters
from turnwise.discovery.naming.wording import description_of, title_of
from turnwise.encoders import Encoder

SHOWN = 2  # telling phrases in a description
_SPEAKERS = {"customer": "Customers", "agent": "Agents", "bot": "Bots"}


@dataclass(frozen=True, slots=True)
class EmbeddedNamer:
    """Names clusters without a language model.

    Attributes:
        encoder: the one that made `Space.plain`.
    """

    encoder: Encoder

    @property
    def source_name(self) -> str:
        return "embedded"

    def name(self, space: Space, clusters: Sequence[Rows]) -> list[ClusterName]:
        """Return a name per cluster, each different from the others.

        Where two clusters would have one name, the one that it suits less has its next best.
        """
        if not clusters:
            return []
        typical = read_clusters(space, clusters)
        languages = languages_of(typical.texts)
        actions = actions_of(typical.texts, languages)
        ranked = [
            {f"{action}-{'-'.join(phrase)}": score for phrase, score in some.items()}
            for action, some in zip(
                actions, rank_objectives(typical, actions, self.encoder), strict=True
            )
        ]
        return [
            _described(typical, cluster, name.removeprefix(f"{action}-"), action, language)
            for cluster, (name, action, language) in enumerate(
                zip(first_free(ranked), actions, languages, strict=True)
            )
        ]


def _described(
    typical: Typical, cluster: int, objective: str, action: str, language: str
) -> ClusterName:
    words = objective.replace("-", " ")
    who = _speakers(typical.utterances[cluster])
    said = _often_said(typical, cluster, _words((action, objective)))
    return ClusterName(
        action=action,
        objective=objective,
        title=title_of(action, words, language),
        language=language,
        description=description_of(who, action, words, said, _apart(typical, cluster)),
    )


def _speakers(utterances: Sequence[Utterance]) -> str:
    roles = Counter(str(one.role) for one in utterances)
    return _SPEAKERS.get(max(roles, key=lambda role: (roles[role], role)), "People")


def _often_said(typical: Typical, cluster: int, named: Sequence[str]) -> list[str]:
    """Telling phrases that say more than the name."""
    found: list[str] = []
    for phrase in typical.telling.best(cluster, 30):
        words = _words(phrase)
        known = [*named, *(word for one in found for word in one.split())]
        if not any(same_stem(word, other) for word in words for other in known):
            found.append(" ".join(words))
    return found[:SHOWN]


def _words(phrase: Phrase) -> list[str]:
    return [word for unit in phrase for word in unit.split("-")]


def _apart(typical: Typical, cluster: int) -> str:
    """The word that is said here more often than in the nearest cluster, by the widest margin."""
    nearest = typical.nearest(cluster)
    here, there = typical.telling.shares[cluster], typical.telling.shares[nearest]
    more = {one[0]: share - there.get(one, 0.0) for one, share in here.items() if len(one) == 1}
    best = max(more, key=lambda word: (more[word], word), default="")
    return best.replace("-", " ") if more.get(best, 0.0) > 0 else ""
