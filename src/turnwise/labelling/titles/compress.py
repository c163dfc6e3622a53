"""Titles -> short ones: the objective, and what the taxonomy looks like with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from turnwise.encoders import Encoder, Vectors
from turnwise.labelling.titles.assignment import assign
from turnwise.labelling.titles.llm import Place, Proposal
from turnwise.labelling.titles.originals import ENGLISH, LONG, Original, original
from turnwise.labelling.titles.phrases import keyphrases
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Dimension, Label, Taxonomy

SHORT = 4  # tokens: a title of no more is short, as S1's compressed ones are
# Whole tokens weigh more than any cosine, so a phrase competes only if it means about what the
# best one does. Measured on BANKING77, see docs/taxonomy.md.
FAITHFUL = 0.1
LEAST = 0.5  # cosine under which a keyphrase says something else than the title
LOOSE, LAST = 100.0, 10_000.0  # costs of a phrase that means less, and of the label's own name

NOT_ENGLISH = "not in English: its own words, none translated; --by llm gives an English phrase"
NO_PHRASE = "no shorter phrase was found"
UNUSABLE = "the model gave no usable answer"


@dataclass(frozen=True, slots=True)
class Compressed:
    """A title and what it becomes.

    Attributes:
        locale: of the short title, as the taxonomy names it.
        long, short: the titles; the same where the long one is short enough.
        tokens_long, tokens: of each, by the encoder's tokenizer, without special tokens.
        cosine: between both, by the encoder; for a title that a model translated, between its
            translation and the short one.
        translation: the long title in English, where a model translated it.
        note: what people should know about it; mostly empty.
    """

    dimension: str
    label: str
    locale: str
    long: str
    short: str
    tokens_long: int
    tokens: int
    cosine: float
    translation: str = ""
    note: str = ""

    @property
    def changed(self) -> bool:
        return self.short != self.long


Proposals = Mapping[Place, Proposal | None]  # a model's; None: its answer can't be used


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A title to shorten: what it is held against, and what it could become.

    `least` is the cosine under which a phrase is not taken at all.
    """

    label: Label
    title: Original
    reference: str
    phrases: tuple[str, ...]
    locale: str
    note: str = ""
    least: float = -1.0


def compress_titles(
    taxonomy: Taxonomy,
    encoder: Encoder,
    proposals: Proposals | None = None,
    progress: Progress = silent,
) -> list[Compressed]:
    """Shorten the titles of a taxonomy, each phrase for one label of a dimension only.

    A title of at most 4 tokens that no other label has stays as it is. Else, of the phrases with
    fewer tokens whose cosine is within 0.1 of the best, the one with the least token count + 1 -
    cosine is taken; where labels compete for a phrase, so that the sum is least. No phrase is
    another label's name, and a keyphrase has a cosine of 0.5 at least.

    Args:
        encoder: its tokenizer counts, its vectors compare.
        proposals: of a language model, for the labels of `titles_to_shorten`; None for keyphrases
            of title, description and examples.

    Returns:
        One for each label, in order.
    """
    found = []
    for place, dimension in enumerate(taxonomy.dimensions, 1):
        found += _shorten(dimension, _wanted(dimension, proposals), encoder)
        progress("shorten titles", place, len(taxonomy.dimensions))
    return found


def titles_to_shorten(taxonomy: Taxonomy, encoder: Encoder) -> list[Place]:
    """The labels whose title is long, in another language than English, or another label's too."""
    places = []
    for dimension in taxonomy.dimensions:
        titles = {one.name: original(one) for one in dimension.labels}
        said = Counter(_key(one.text) for one in titles.values())
        said.update(_key(name) for name in dimension.names)
        for name, title in titles.items():
            alone = said[_key(title.text)] == 1 + (_key(title.text) == _key(name))
            if not (alone and title.english and encoder.count_tokens(title.text) <= SHORT):
                places.append((dimension.name, name))
    return places


def with_titles(taxonomy: Taxonomy, compressed: Sequence[Compressed]) -> Taxonomy:
    """The taxonomy with the short titles in place; the long one goes on as `LOCALE-x-long`."""
    changed = {(one.dimension, one.label): one for one in compressed if one.changed}

    def titled(dimension: Dimension, label: Label) -> Label:
        one = changed.get((dimension.name, label.name))
        if one is None:
            return label
        titles = {one.locale: one.short, one.locale + LONG: one.translation or one.long}
        return replace(label, titles={**label.titles, **titles})

    return replace(
        taxonomy,
        dimensions=tuple(
            replace(one, labels=tuple(titled(one, label) for label in one.labels))
            for one in taxonomy.dimensions
        ),
    )


def _wanted(dimension: Dimension, proposals: Proposals | None) -> list[_Wanted]:
    if proposals is None:
        return [
            _by_keyphrases(label, phrases)
            for label, phrases in zip(dimension.labels, keyphrases(dimension), strict=True)
        ]
    places = ((one, (dimension.name, one.name)) for one in dimension.labels)
    return [
        _by_model(label, proposals[place]) if place in proposals else _as_it_is(label)
        for label, place in places
    ]


def _by_keyphrases(label: Label, phrases: tuple[str, ...]) -> _Wanted:
    title = original(label)
    # A bare name counts as an English title, unless its letters say otherwise.
    locale = ENGLISH if title.english else title.locale
    return _Wanted(label, title, title.text, phrases, locale, "" if title.english else NOT_ENGLISH)


def _as_it_is(label: Label) -> _Wanted:
    title = original(label)
    return _Wanted(label, title, title.text, (), ENGLISH)


def _by_model(label: Label, proposal: Proposal | None) -> _Wanted:
    title = original(label)
    if proposal is None:
        return replace(_as_it_is(label), note=UNUSABLE)
    translated = not title.english or not proposal.english_already
    reference = proposal.english if translated else title.text
    return _Wanted(label, title, reference, proposal.phrases, ENGLISH)


def _shorten(dimension: Dimension, wanted: Sequence[_Wanted], encoder: Encoder) -> list[Compressed]:
    names = {_key(name) for name in dimension.names}
    said = Counter(_key(one.reference) for one in wanted)
    texts = list({text for one in wanted for text in (one.reference, *one.phrases)})
    vectors = dict(zip(texts, encoder.encode(texts), strict=True)) if texts else {}
    costs, spelt = [], []
    for one in wanted:
        allowed = {_key(text): text for text in reversed(one.phrases)}
        allowed = {key: text for key, text in allowed.items() if key not in names and key}
        own, most = _key(one.reference), encoder.count_tokens(one.reference)
        shared = said[own] > 1 or (own in names and own != _key(one.label.name))
        if shared:  # it must change, even if it grows
            allowed.pop(own, None)
        cost = _costs(one, allowed, vectors, encoder, max(most, SHORT + 1) if shared else most)
        if not shared:
            cost[own], allowed[own] = 0.0 if most <= SHORT else LAST, one.reference
        # Under a key that no phrase has, so that there is always a way out.
        last = f"\0{one.label.name}"
        cost[last], allowed[last] = LAST + 1.0, one.label.name
        costs.append(cost)
        spelt.append(allowed)
    return [
        _compressed(dimension, one, spelt[at][key], encoder, vectors)
        for at, (one, key) in enumerate(zip(wanted, assign(costs), strict=True))
    ]


def _costs(
    one: _Wanted,
    allowed: Mapping[str, str],
    vectors: Mapping[str, Vectors],
    encoder: Encoder,
    most: int,
) -> dict[str, float]:
    """The objective of each phrase; of one that means less than others, more than theirs.

    One of `most` tokens or more, and one that means something else, is left out.
    """
    tokens = {key: encoder.count_tokens(text) for key, text in allowed.items()}
    shorter = [key for key in allowed if tokens[key] < most]
    near = {key: float(vectors[allowed[key]] @ vectors[one.reference]) for key in shorter}
    near = {key: cosine for key, cosine in near.items() if cosine >= one.least}
    best = max(near.values(), default=0.0)
    return {
        key: tokens[key] + 1.0 - cosine + (LOOSE if cosine < best - FAITHFUL else 0.0)
        for key, cosine in near.items()
    }


def _compressed(
    dimension: Dimension,
    one: _Wanted,
    short: str,
    encoder: Encoder,
    vectors: Mapping[str, Vectors],
) -> Compressed:
    long = one.title.text
    vector = vectors.get(short)
    if vector is None:
        vector = encoder.encode([short])[0]
    note = one.note
    tokens_long, tokens = encoder.count_tokens(long), encoder.count_tokens(short)
    if not note and tokens > SHORT and short in (long, one.label.name):
        note = NO_PHRASE
    return Compressed(
        dimension=dimension.name,
        label=one.label.name,
        locale=one.locale,
        long=long,
        short=short,
        tokens_long=tokens_long,
        tokens=tokens,
        cosine=float(vector @ vectors[one.reference]),
        translation=one.reference if one.reference != long else "",
        note=note,
    )


def _key(text: str) -> str:
    """What makes two phrases the same: case and white space make no difference."""
    return " ".join(text.casefold().split())
