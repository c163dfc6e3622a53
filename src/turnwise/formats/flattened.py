"""The flat form in which public dialogue sets are often shared, one dialogue a line.

    {"id", "split", "domain", "lang", "turns": [{"n", "speaker", "text", "intents": [...]}]}

`n` counts the messages of the whole dialogue, so that a jump shows where the other side spoke.
An intent that names its service (`Hotels_2/SearchHotel`) also gives the dimensions service and
domain; else the dialogue's own domain, where it has one, is the domain of every labelled turn.
"""

from __future__ import annotations

from collections.abc import Collection

from turnwise.conversations import Conversation, Gold, Turn
from turnwise.errors import FormatError
from turnwise.formats import checks, sgd


def conversation(value: dict[str, object], said: list[object]) -> Conversation:
    """A conversation from a line of the flat form; `said` is its list of turns."""
    checks.few_enough(said)
    domain = value.get("domain")
    single = checks.clean(domain) if isinstance(domain, str) else ""
    turns: list[Turn] = []
    before: Collection[str] = ()
    for index, one in enumerate(said):
        try:
            labels = _labels(one)
            turns.append(_turn(one, index, _gold(labels, before, single)))
        except FormatError as error:
            error.field = f"turns[{index}].{error.field}"
            raise
        before = labels or before
    meta = {"split": checks.name(value.get("split"), "split")}
    meta["domain"] = ", ".join(map(str, domain)) if isinstance(domain, list) else single
    return checks.conversation(
        turns,
        id=checks.name(value.get("id"), "id"),
        locale=checks.name(value.get("lang"), "lang"),
        meta={key: one for key, one in meta.items() if one},
    )


def _labels(said: object) -> tuple[str, ...]:
    if not isinstance(said, dict):
        raise FormatError("this is no turn", field="speaker")
    labels = said.get("intents")
    if isinstance(labels, list) and all(isinstance(one, str) and one for one in labels):
        return tuple(labels)
    raise FormatError("intents is no list of names", field="intents")


def _turn(said: object, index: int, gold: Gold) -> Turn:
    assert isinstance(said, dict)  # _labels has seen it
    number = said.get("n", index)
    if type(number) is not int:
        raise FormatError("the number of the message is no integer", field="n")
    return checks.turn(said.get("speaker"), said.get("text"), gold, (number,))


def _gold(labels: tuple[str, ...], before: Collection[str], domain: str) -> Gold:
    if not labels:
        return {}
    if all(label.count("/") == 1 for label in labels):
        return sgd.label_gold(sgd.current(labels, before))
    intents = {"intent": tuple(map(checks.clean, labels))}
    return {"domain": (domain,), **intents} if domain else intents
