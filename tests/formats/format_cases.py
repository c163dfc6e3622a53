"""What the tests of the formats share: conversations of every shape, and short ways to read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import strategies as st

from turnwise.conversations import ROLES, Conversation, Turn
from turnwise.formats import Record, checks, read

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"


def shared(name: str) -> Path:
    """A file of the public data, or a skip where it is not there."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"../shared/data/{name} is not there")
    return path


def read_all(path: Path, format: str = "auto") -> tuple[list[Conversation], list[Record]]:
    """The conversations of a file, and its records that can't be read."""
    records = list(read(path, format))
    good = [record.conversation for record in records if record.conversation is not None]
    return good, [record for record in records if record.error is not None]


def conversations(
    text: st.SearchStrategy[str], label: st.SearchStrategy[str]
) -> st.SearchStrategy[Conversation]:
    """Conversations as readers make them: merged, with and without gaps in their messages."""
    gold = st.dictionaries(
        st.sampled_from(["domain", "intent", "a b"]),
        st.lists(label, min_size=1, max_size=2, unique=True).map(tuple),
        max_size=2,
    )
    message = st.tuples(st.sampled_from(ROLES), text, gold, st.integers(1, 3))

    def built(said: list[tuple], id: str, started_at: datetime | None, place: str) -> Conversation:
        turns, position = [], -1
        for role, words, labels, step in [*said, ("customer", "last", {}, 1)]:
            position += step
            turns.append(Turn(role, words, labels, (position,)))
        meta = {"split": place} if place else {}
        return Conversation(id, checks.merged(turns), started_at, place, "", place, meta)

    return st.builds(
        built,
        st.lists(message, max_size=6),
        st.text("abc-7é", min_size=1, max_size=12),
        st.none() | st.datetimes(datetime(1980, 1, 1), timezones=st.just(UTC)),
        st.sampled_from(["", "en-US"]),
    )


# Everything a turn may hold: any character but NUL and lone surrogates, and something to see.
any_text = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
    | st.sampled_from(['say "hi"', "a\tb", "a\nb", "a,b;c", "🙏 é", "[x](y)", "=1+1"])
).filter(lambda text: bool(text.strip()))
any_label = st.sampled_from(["CANCEL", "Hotels_2/NONE", "a b", "ä"])
