"""The public data sets as conversations with gold, and the taxonomy of each.

Nothing of them is part of the project: they are read from `--data DIR`, from $TURNWISE_DATA, or
from ../shared/data beside the repository. Their README says where each comes from; licence and
source are kept beside any figure.
"""

from __future__ import annotations

import json
import lzma
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from turnwise.conversations import Conversation, Gold, Role, Turn
from turnwise.errors import TurnwiseError
from turnwise.formats import read
from turnwise.taxonomy import Dimension, Label, Taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]
LARKSPUR = REPOSITORY / "examples" / "larkspur" / "conversations.jsonl"

SPEAKERS: Mapping[str, Role] = {"user": "customer", "agent": "agent"}


class DataError(TurnwiseError):
    """The public data are not where they were looked for."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a data set comes from, to be kept beside every figure."""

    source: str
    licence: str


ORIGINS: Mapping[str, Origin] = {
    "sgd": Origin("google-research-datasets/dstc8-schema-guided-dialogue", "CC BY-SA 4.0"),
    "multidogo": Origin("awslabs/multi-domain-goal-oriented-dialogues-dataset", "CDLA-Permissive"),
    "natcs_insurance": Origin(
        "amazon-science/dstc11-track2-intent-induction", "CDLA-Permissive-2.0"
    ),
    "clinc150": Origin("clinc/oos-eval", "CC BY 3.0"),
    "banking77": Origin("PolyAI-LDN/task-specific-datasets", "CC BY 4.0"),
    "banking77_oos": Origin("jianguoz/Few-Shot-Intent-Detection", "as banking77"),
    "hwu64": Origin("jianguoz/Few-Shot-Intent-Detection", "CC BY 4.0"),
    "snips": Origin("jianguoz/Few-Shot-Intent-Detection", "measuring only"),
    "atis": Origin("jianguoz/Few-Shot-Intent-Detection", "measuring only"),
    "xsid": Origin("mainlp/xsid", "CC BY-SA 4.0"),
}


@dataclass(frozen=True)
class DataSet:
    """One public data set.

    Attributes:
        splits: name of an official split -> its conversations, in the order of the file. An
            utterance set has conversations of one customer turn.
        taxonomy: the labels of the training split (of all splits where there is none), sorted.
    """

    name: str
    splits: Mapping[str, tuple[Conversation, ...]]
    taxonomy: Taxonomy

    @property
    def origin(self) -> Origin:
        return ORIGINS[self.name]

    @cached_property
    def train(self) -> tuple[Conversation, ...]:
        return self.splits["train"]


def data_folder(given: Path | None = None) -> Path:
    """Where the public data are: `given`, $TURNWISE_DATA, or ../shared/data.

    Raises:
        DataError: there is no such folder, or no dialogues in it.
    """
    chosen = given or Path(os.environ.get("TURNWISE_DATA") or REPOSITORY / "../shared/data")
    folder = chosen.resolve()
    if not (folder / "dialogues").is_dir():
        raise DataError(
            f"{folder}: the public data sets are not here (a folder with dialogues/ and "
            "utterances/). Name their place with --data DIR or in TURNWISE_DATA"
        )
    return folder


def sgd(folder: Path) -> DataSet:
    """Schema-Guided Dialogue: one dimension, intent, with paths domain > service > intent.

    Labels are `Service_N/ActiveIntent`, `Service_N/NONE` among them. A turn that leaves one
    service for another carries two; its gold holds both.
    """
    splits = _dialogues(folder, "sgd", lambda _, intents: {"intent": intents})
    return DataSet("sgd", splits, _taxonomy("sgd", splits["train"], ("intent",), sgd_path))


def sgd_path(label: str) -> tuple[str, ...]:
    """`Hotels_2/SearchHotel` -> (Hotels, Hotels_2, Hotels_2/SearchHotel)."""
    service = service_of(label)
    return re.sub(r"_\d+$", "", service), service, label


def service_of(label: str) -> str:
    """`Hotels_2/SearchHotel` -> Hotels_2."""
    return label.partition("/")[0]


def multidogo(folder: Path) -> DataSet:
    """MultiDoGO: dimensions domain (constant in a conversation) and intent, customer turns only.

    The agent's turns are missing, so consecutive customer turns stay turns of their own: each
    was labelled by itself.
    """
    splits = _dialogues(
        folder, "multidogo", lambda domain, intents: {"domain": (domain,), "intent": intents}
    )
    taxonomy = _taxonomy("multidogo", splits["train"], ("domain", "intent"))
    return DataSet("multidogo", splits, taxonomy)


def natcs_insurance(folder: Path) -> DataSet:
    """Spoken-style insurance calls: intent-bearing customer turns, for discovery."""
    splits = _dialogues(folder, "natcs_insurance", lambda _, intents: {"intent": intents})
    every = tuple(one for part in splits.values() for one in part)
    return DataSet("natcs_insurance", splits, _taxonomy("natcs_insurance", every, ("intent",)))


def utterances(folder: Path, name: str) -> DataSet:
    """An utterance set: banking77, banking77_oos, clinc150, hwu64, snips, atis, xsid, ...

    Each utterance is a conversation of one turn, with the id `name/split/line`. Out-of-scope
    labels stand in the gold and not in the taxonomy; clinc150's paths are domain > intent.
    """
    splits: dict[str, list[Conversation]] = {}
    for line, row in enumerate(_rows(folder / "utterances" / f"{name}.jsonl.xz"), 1):
        turn = Turn("customer", row["text"], {"intent": (row["intent"],)}, (0,))
        one = Conversation(f"{name}/{row['split']}/{line}", (turn,), locale=row.get("lang", "en"))
        splits.setdefault(row["split"], []).append(one)
    whole = {split: tuple(part) for split, part in splits.items()}
    labelled = whole.get("train") or tuple(one for part in whole.values() for one in part)
    domains = _clinc_domains(folder) if name == "clinc150" else {}
    taxonomy = _taxonomy(
        name,
        labelled,
        ("intent",),
        lambda label: (domains[label], label) if label in domains else (label,),
    )
    return DataSet(name, whole, taxonomy)


def out_of_scope(label: str) -> bool:
    """Whether a label marks what no intent of its set covers: oos, oos_near, oos_far."""
    return label == "oos" or label.startswith("oos_")


def larkspur() -> tuple[Conversation, ...]:
    """The project's own sample, bundled with the repository.

    Raises:
        DataError: the file is missing or damaged.
    """
    if not LARKSPUR.exists():
        raise DataError(f"{LARKSPUR}: the bundled sample is missing. Check out the repository")
    records = list(read(LARKSPUR))
    faults = [record.error for record in records if record.error is not None]
    if faults:
        raise DataError(f"the bundled sample is damaged: {faults[0]}")
    return tuple(record.conversation for record in records if record.conversation is not None)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """An utterance of a test split that a calibrated classifier found ambiguous.

    Attributes:
        gold: its label in the data set that it was drawn from.
        candidates: the labels between which the classifier did not decide.
    """

    text: str
    gold: str
    candidates: tuple[str, ...]


def cicc(folder: Path, name: str) -> tuple[Ambiguous, ...]:
    """The ambiguous utterances of banking77, clinc150 or hwu64 with gold, test split only.

    The published files hold no gold: it is joined from the data set by the text, and texts that
    stand in another split than the test, or in none, are left out.
    """
    splits = utterances(folder, name).splits
    elsewhere = {_said(one) for split, part in splits.items() if split != "test" for one in part}
    gold = {_said(one): one.turns[0].gold["intent"][0] for one in splits["test"]}
    path = folder / "clarification" / f"cicc_{name}.json"
    if not path.exists():
        raise DataError(f"{path}: this file of the public data is missing")
    rows = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Ambiguous(row["text"], gold[row["text"]], tuple(row["predictions"]))
        for row in rows
        if row["text"] in gold and row["text"] not in elsewhere
    )


def _said(conversation: Conversation) -> str:
    return conversation.turns[0].text


def _dialogues(
    folder: Path, name: str, gold_of: Callable[[str, tuple[str, ...]], Gold]
) -> dict[str, tuple[Conversation, ...]]:
    splits: dict[str, list[Conversation]] = {}
    for row in _rows(folder / "dialogues" / f"{name}.jsonl.xz"):
        domain = row["domain"]
        known = domain if isinstance(domain, str) else ", ".join(domain)
        turns = []
        for said in row["turns"]:
            intents = tuple(said["intents"])
            gold = gold_of(known, intents) if intents else {}
            turns.append(Turn(SPEAKERS[said["speaker"]], said["text"], gold, (said["n"],)))
        meta = {"split": row["split"], "domain": known}
        one = Conversation(row["id"], tuple(turns), locale=row["lang"], meta=meta)
        splits.setdefault(row["split"], []).append(one)
    return {split: tuple(part) for split, part in splits.items()}


def _taxonomy(
    name: str,
    conversations: Iterable[Conversation],
    dimensions: Iterable[str],
    path_of: Callable[[str], tuple[str, ...]] = lambda label: (label,),
) -> Taxonomy:
    found: dict[str, set[str]] = {dimension: set() for dimension in dimensions}
    for conversation in conversations:
        for turn in conversation.turns:
            for dimension, labels in turn.gold.items():
                if len(labels) == 1:
                    found[dimension].update(labels)
    return Taxonomy(
        name,
        tuple(
            Dimension(
                dimension,
                tuple(Label(one, path_of(one)) for one in sorted(labels) if not out_of_scope(one)),
            )
            for dimension, labels in found.items()
        ),
    )


def _clinc_domains(folder: Path) -> Mapping[str, str]:
    path = folder / "utterances" / "clinc150_domains.json"
    domains: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return {intent: domain for domain, intents in domains.items() for intent in intents}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        raise DataError(f"{path}: this file of the public data is missing")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
