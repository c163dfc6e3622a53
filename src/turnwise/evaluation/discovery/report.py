"""A discovery as one HTML page that opens anywhere, offline, and explains itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np

from turnwise.clusters import Discovery
from turnwise.evaluation import markup
from turnwise.evaluation.discovery import tables, tree
from turnwise.evaluation.discovery.charts import round_charts
from turnwise.evaluation.discovery.map import lay_out
from turnwise.evaluation.discovery.scatter import draw_map
from turnwise.evaluation.discovery.tables import share
from turnwise.evaluation.markup import Section
from turnwise.evaluation.tables import Table, percent, table
from turnwise.progress import Progress, silent
from turnwise.unfinished import write_file

_SHOWN = 30  # rows of a table before the rest is folded away
_MOST_ROWS = 1_000  # of any table
_Part = tuple[str, str, str]  # what links call it, its heading, its markup
_WORDS = {
    "Utterance": "A distinct text, however often it was said; turns count how often.",
    "Cluster, intent": "Utterances that were found to mean the same. A cluster that was judged "
    "good and named is an intent of the proposal.",
    "Judge": "Says of a cluster whether all of it is about one intent. Two look: the judge inside "
    "the loop chooses what is kept, by how it stands apart from the rest. The final judge, another "
    "one, looks at what was kept and says how good it is; where it doubts, look yourself.",
    "Good clusters": "Share of the clusters that were kept which the final judge calls good, too.",
    "Diversity": "Mean cosine distance of a cluster's utterances to its centre, in vectors of the "
    "encoder.",
    "Set aside": "Greetings, bare answers and the like: turns that hold no intent of their own, "
    "and were never clustered.",
    "Unclustered": "What no good cluster took. It is not forced into one: rare intents, several "
    "at once, or talk.",
    "Merge": "Clusters whose names are all but the same become one. Names that are near, but not "
    "that near, are left for a person.",
}


def write_discovery_report(
    discovery: Discovery,
    path: Path | str,
    *,
    title: str = "Discovery",
    facts: Mapping[str, str] | None = None,
    sections: Sequence[Section] = (),
    progress: Progress = silent,
) -> None:
    """Write a report of a discovery.

    The page is one file without scripts; it refers to nothing outside itself. It quotes what
    customers wrote. Drawing the map takes most of the time: the neighbours of up to 20,000
    utterances, and UMAP where umap-learn is installed.

    Args:
        path: the HTML file; it is replaced as a whole, or not at all.
        title: heading of the page.
        facts: what a reader must know of the run: the date, the encoder, where the data is from.
        sections: parts of the caller's own, such as what a given taxonomy lacks; they stand
            behind the intents.

    Raises:
        EvaluationError: the plotting libraries are not installed; says how to.
    """
    given = [
        (f"part-{at}", part.title, markup.section(part, f"part-{at}"))
        for at, part in enumerate(sections, start=1)
    ]
    first, *others = _own(discovery, progress)
    words = markup.named_section("Words", "words", markup.facts([*_WORDS.items()]))
    ends = [("words", "Words", f"<footer>{words}</footer>")]
    parts = [("overview", "At a glance", _overview(discovery)), first, *given, *others, *ends]
    links = [(name, heading) for name, heading, _ in parts]
    body = "".join([_header(discovery, title, facts or {}, links), *(part[2] for part in parts)])
    write_file(Path(path), markup.page(title, body))


def _own(discovery: Discovery, progress: Progress) -> list[_Part]:
    """The parts that there is something to say in; the map and the intents come first."""
    parts = (
        ("intents", "The intents", _map(discovery, progress) + _intents(discovery)),
        ("tree", "The tree", _tree(discovery)),
        ("merges", "Merges", _merges(discovery)),
        ("unclustered", "What stayed unclustered", _unclustered(discovery)),
        ("aside", "What was set aside", _set_aside(discovery)),
        ("rounds", "Round by round", _rounds(discovery)),
    )
    return [
        (name, heading, markup.named_section(heading, name, inner))
        for name, heading, inner in parts
        if inner
    ]


def _header(
    discovery: Discovery,
    title: str,
    facts: Mapping[str, str],
    links: Sequence[tuple[str, str]],
) -> str:
    aside = sum(one.count for one in discovery.set_aside)
    read = tables.turns_read(discovery)
    told = {
        "Turns read": f"{read:,}",
        "Set aside or known of them": f"{aside:,} ({percent(share(aside, read))})",
        "Distinct utterances of the others": f"{len(discovery.utterances):,}",
        "Judged in the loop by": discovery.judge,
        "Judged at the end by": discovery.final_judge,
        "Named by": discovery.namer,
    }
    intro = (
        "The intents that were found in conversations that nobody labelled, as a proposal: rename, "
        "join, divide and drop before it becomes a taxonomy."
    )
    opening = markup.heading(title) + markup.paragraph(intro)
    known = markup.facts([*told.items(), *facts.items()])
    return f"<header>{opening}{known}{markup.links(links)}</header>"


def _overview(discovery: Discovery) -> str:
    cards = f'<div class="scores">{"".join(_cards(discovery))}</div>'
    notes = "".join(map(markup.paragraph, discovery.notes))
    known = markup.card(notes, "Know before you read on") if notes else ""
    return markup.named_section("At a glance", "overview", cards + known)


def _cards(discovery: Discovery) -> Iterator[str]:
    found, turns = discovery.clusters, discovery.turns
    explained = sum(one.turns for one in found)
    left = sum(discovery.utterances[at].count for at in discovery.unclustered)
    texts = percent(share(len(discovery.unclustered), len(discovery.utterances)))
    good = percent(discovery.goodness) if found else "–"
    doubtful = sum(not one.good for one in found)
    doubt = f"; the other {doubtful:,} may hold several, marked “check” below" if doubtful else ""
    yield _score("Intents found", f"{len(found):,}", _sizes(discovery))
    yield _score(
        "Turns in an intent", percent(share(explained, turns)), f"{explained:,} of {turns:,}"
    )
    yield _score("Unclustered", percent(share(left, turns)), f"of turns; {texts} of distinct texts")
    yield _score("Good clusters", good, f"say both judges{doubt}")


def _sizes(discovery: Discovery) -> str:
    if not discovery.clusters:
        return "none was judged good"
    sizes = [one.turns for one in discovery.clusters]
    return f"of {min(sizes):,} to {max(sizes):,} turns, {int(np.median(sizes)):,} in the middle"


def _score(title: str, large: str, small: str) -> str:
    return markup.card(f"<strong>{escape(large)}</strong><small>{escape(small)}</small>", title)


def _map(discovery: Discovery, progress: Progress) -> str:
    if len(discovery.utterances) < 3:
        return ""
    groups = [np.array(one.members, dtype=np.intp) for one in discovery.clusters]
    layout = lay_out(discovery.vectors, groups, progress=progress)
    return markup.figure(draw_map(discovery, layout))


def _intents(discovery: Discovery) -> str:
    if not discovery.clusters:
        return markup.paragraph(
            "No cluster was judged good. More conversations, a smaller least size of a cluster, "
            "other candidates, or another encoder for logs that are not in English may help."
        )
    return _folded(tables.intent_table(discovery), "intents")


def _tree(discovery: Discovery) -> str:
    if not tree.has_levels(discovery.clusters):
        return ""
    return tree.tree(discovery.clusters, tables.turns_read(discovery))


def _merges(discovery: Discovery) -> str:
    open_ones = [one for one in discovery.merges if not one.done]
    done = [one for one in discovery.merges if one.done]
    to_decide = replace(tables.merge_table(open_ones), title="To decide")
    were_done = replace(tables.merge_table(done), title="Done")
    return "".join(_folded(one, "merges") for one in (to_decide, were_done) if one.rows)


def _unclustered(discovery: Discovery) -> str:
    if not discovery.unclustered:
        return ""
    return _folded(tables.unclustered_table(discovery), "texts")


def _set_aside(discovery: Discovery) -> str:
    if not discovery.set_aside:
        return ""
    return _folded(tables.set_aside_table(discovery), "reasons")


def _rounds(discovery: Discovery) -> str:
    if not discovery.rounds:
        return ""
    drawn = markup.figures(round_charts(discovery.rounds))
    trials = table(tables.trial_table(discovery.rounds))
    fold = _fold("Every candidate that was tried", trials)
    return drawn + _folded(tables.round_table(discovery.rounds), "rounds") + fold


def _folded(content: Table, what: str) -> str:
    """A table as a card; its rows after the first thirty are folded into a second one."""
    rows = content.rows[:_MOST_ROWS]
    shown = markup.card(table(replace(content, rows=rows[:_SHOWN])), content.title)
    if len(rows) <= _SHOWN:
        return shown
    rest = len(content.rows) - len(rows)
    note = f"{rest:,} more are not shown." if rest else ""
    hidden = table(replace(content, rows=rows[_SHOWN:], note=note))
    return shown + _fold(f"The other {len(rows) - _SHOWN:,} {what}", hidden)


def _fold(title: str, inner: str) -> str:
    return f'<details class="card"><summary>{escape(title)}</summary>{inner}</details>'
