"""The statistics of chains as a page: how long conversations are, and what follows what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from turnwise.evaluation import markup
from turnwise.evaluation.drawing import Figure
from turnwise.evaluation.generation.flow import Openings, opening_flow
from turnwise.evaluation.generation.heat_map import Transitions, transition_map
from turnwise.evaluation.generation.lengths import length_chart
from turnwise.evaluation.markup import Section
from turnwise.evaluation.tables import Share, Table, percent

_FIRST = 10  # rows of a table
_FOLLOWING = 20
_MARKETS = 10  # that have drawings of their own


@dataclass(frozen=True, slots=True)
class ChainFigures:
    """What there is to show of the conversations of a market, or of all.

    Attributes:
        conversations, turns, unlabelled: with a labelled customer turn; their customer turns, and
            those of them without a label.
        lengths: customer turns -> conversations.
        first: label of the first customer turn -> conversations.
        transitions: by label.
        openings: the first three labels; see `flow.opening_flow`.
        states: labels of all dimensions, one after another, and how often; none where there is
            but one dimension. The most frequent first.
    """

    conversations: int
    turns: int
    unlabelled: int
    lengths: Mapping[int, int]
    first: Mapping[str, int]
    transitions: Transitions
    openings: Openings
    states: Sequence[tuple[str, str, int]] = ()

    @property
    def followed(self) -> int:
        """Transitions in all."""
        return sum(sum(row.values()) for row in self.transitions.values())

    @property
    def switching(self) -> float:
        """Share of them that change the label; 0 where there is none."""
        stays = sum(row.get(label, 0) for label, row in self.transitions.items())
        return 1 - stays / self.followed if self.followed else 0.0

    def most_first(self, count: int) -> list[tuple[str, int]]:
        """The most frequent first labels."""
        return sorted(self.first.items(), key=lambda one: (-one[1], one[0]))[:count]

    def most_following(self, count: int) -> list[tuple[str, str, int]]:
        """The most frequent transitions."""
        every = ((one, two, n) for one, row in self.transitions.items() for two, n in row.items())
        return sorted(every, key=lambda one: (-one[2], one[:2]))[:count]

    @property
    def mean_length(self) -> float:
        """Customer turns a conversation."""
        return self.turns / self.conversations


def statistics_page(
    together: ChainFigures,
    markets: Mapping[str, ChainFigures],
    *,
    title: str,
    facts: Mapping[str, str],
    notes: Sequence[str] = (),
) -> str:
    """The whole page, as HTML that opens anywhere, offline; it quotes no customer.

    Args:
        facts: what a reader must know of the source. notes: what to know before reading on.
    """
    sections = chain_sections(together, markets)
    drawn = [(f"Market {name}", markets[name]) for name in _largest(markets)]
    titles = [*(one.title for one in sections), *(title for title, _ in drawn)]
    links = [(f"part-{at}", title) for at, title in enumerate(titles)]
    intro = (
        "How long conversations are, how they begin, and which label follows which: what chains of "
        "labels are sampled from when conversations are generated."
    )
    told = {
        "Conversations": f"{together.conversations:,}",
        "Customer turns": f"{together.turns:,}",
        "Without a label": f"{together.unlabelled:,}",
        "Transitions": f"{together.followed:,}",
        **facts,
    }
    header = (
        f"<header>{markup.heading(title)}{markup.paragraph(intro)}"
        f"{markup.facts([*told.items()])}{markup.links(links)}</header>"
    )
    known = markup.named_section("Before you rely on them", "notes", _items(notes)) if notes else ""
    parts = [markup.section(one, name) for one, (name, _) in zip(sections, links, strict=False)]
    for (heading, one), (name, _) in zip(drawn, links[len(sections) :], strict=True):
        # One below the other: side by side they could not be read.
        figures = map(markup.figure, (*_flow(one), *_map(one)))
        inner = markup.paragraph(_switching(one)) + "".join(figures)
        parts.append(markup.named_section(heading, name, inner))
    return markup.page(title, f"{header}{known}{''.join(parts)}")


def _items(notes: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>"


def chain_sections(
    together: ChainFigures, markets: Mapping[str, ChainFigures]
) -> tuple[Section, ...]:
    """The same as parts of a report, without the drawings of each market."""
    return tuple(_sections(together, markets))


def _largest(markets: Mapping[str, ChainFigures]) -> list[str]:
    """The markets that are drawn, the one with the most conversations first."""
    return sorted(markets, key=lambda name: (-markets[name].conversations, name))[:_MARKETS]


def _sections(together: ChainFigures, markets: Mapping[str, ChainFigures]) -> Iterator[Section]:
    first = (_first_table(together),) if together.first else ()
    yield Section("How long they are", "", (), (length_chart(together.lengths),))
    yield Section("How they begin", "", first, _flow(together))
    yield Section("What follows what", _switching(together), _following(together), _map(together))
    if markets:
        yield Section("The markets", _markets_told(len(markets)), (_market_table(markets),))


def _switching(figures: ChainFigures) -> str:
    if not figures.followed:
        return "No two labelled customer turns follow each other."
    return (
        f"{percent(figures.switching)} of {figures.followed:,} transitions change the label; "
        f"{figures.mean_length:.1f} customer turns a conversation."
    )


def _flow(figures: ChainFigures) -> tuple[Figure, ...]:
    return (opening_flow(figures.openings),) if figures.openings else ()


def _map(figures: ChainFigures) -> tuple[Figure, ...]:
    return (transition_map(figures.transitions),) if figures.followed else ()


def _first_table(figures: ChainFigures) -> Table:
    rows, total = figures.most_first(_FIRST), sum(figures.first.values())
    if rest := total - sum(count for _, count in rows):
        rows.append((f"({len(figures.first) - _FIRST} others)", rest))
    columns = ("First label", "Conversations", "Share")
    return Table(columns, tuple((name, count, Share(count / total)) for name, count in rows))


def _following(figures: ChainFigures) -> tuple[Table, ...]:
    if not figures.states:
        return ()
    rows = tuple(
        (before, after, count, Share(count / figures.followed))
        for before, after, count in figures.states[:_FOLLOWING]
    )
    columns = ("Labels of a customer turn", "Of the next one", "Times", "Of all transitions")
    note = "Labels of all dimensions together: this is what a chain is made of."
    return (Table(columns, rows, title="The most frequent transitions", note=note),)


def _markets_told(count: int) -> str:
    if count <= _MARKETS:
        return ""
    return f"Drawn are the {_MARKETS} with the most conversations."


def _market_table(markets: Mapping[str, ChainFigures]) -> Table:
    rows = []
    for name, one in markets.items():
        first = next((label for label, _ in one.most_first(1)), None)
        changes = Share(one.switching) if one.followed else None
        rows.append(
            (name, one.conversations, round(one.mean_length, 1), one.followed, changes, first)
        )
    heads = ("Market", "Conversations", "Turns each", "Transitions", "Change the label")
    return Table((*heads, "Most frequent first label"), tuple(rows))
