"""Faults of a text that a customer or an agent is to have said.

What the logs do themselves is no fault: each check but emptiness and length lets pass what
stands in texts of the logs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from turnwise.generation.quality.language import Language
from turnwise.generation.quality.wording import words
from turnwise.taxonomy import PATH_SEPARATOR, Taxonomy

LONGEST = 4000  # characters
MOST_LIKE = 1000  # texts of the logs that are looked at, spread evenly over those given

EMPTY = "empty"
LONG = "too long"
TEMPLATE = "a template's leftovers"
ROLE = "a role's name"
LABEL = "a label leaked"
LANGUAGE = "another language than the logs'"

# Prompts and models write these in English, whatever the language of the talk is. No pattern may
# search a run of signs again from each of its places: logs hold turns of 50,000 characters.
_ROLES = "customer|client|caller|agent|representative|bot|chatbot|user|assistant|system|human|ai"
_ROLE = re.compile(
    rf"^(?:[^\w\n]|_)*(?:{_ROLES})(?: (?:turn|message|reply))?"
    r"[ #*_]{0,8}\d{0,8}[*_\]) ]{0,8}[:：]",
    re.I | re.M,
)
_TEMPLATE = re.compile(
    r"\{\{|\}\}|\{%|%\}|<\|[^|]*\|>|\[/?INST\]|</?s>|<</?SYS>>|```|</?\w{0,40}(?:think|turn"
    r"|text|history|example|question|answer|customer|agent|message|utterance|prompt)\w{0,40}>"
    r"|^\s*\{\s*\"|\[(?:your|insert|enter|name of|customer|agent|company)\b[^\]\d_]{0,80}\]"
    r"|\bas an (?:ai|artificial intelligence|assistant)\b|\b(?:ai|large|a) language model\b"
    r"|^\W*(?:sure|certainly|of course|okay|here)\b[^.!?\n]{0,40}\bhere(?:'s| is| are)\b[^\n]*:"
    r"|^\W*here(?:'s| is| are)\b[^\n]{0,60}\b(?:question|reply|answer|response|message|turn"
    r"|rewritten|version|utterance)s?\b[^\n]*:",
    re.I,
)
_TOKEN = re.compile(r"\w[\w/.:\\|]*\w")
_ENCLOSED = re.compile(r"(?<![\[<{`])[\[<{`]+([^\[\]<>{}`\n]{1,80})[\]>}`]+")
_NAMED = re.compile(r"(?<!\w)([^\W\d]\w*)\s*[:：=]\s*[\"'“‘*]*([^\n\"'”’*.,;)]{1,80})")
_ARROW = re.compile(r"\s*>\s*")


def fault(
    text: str,
    *,
    like: Sequence[str],
    labels: Collection[str],
    most_words: int | None = None,
) -> str:
    """Return why a text can't stand as somebody's turn, in words; empty where it can.

    Args:
        like: texts of the logs, of the same role: what they hold is no fault, and they tell the
            language. Too few of them refuse nothing by its language.
        labels: what must not be read in the text: see `label_names`. An ordinary word is no
            leak, though a label may be called so; it is one where it stands behind a
            dimension's name and a colon, or in brackets.
        most_words: None: only what is absurdly long is too long.
    """
    return checks(like, labels).fault(text, most_words)


def label_names(taxonomy: Taxonomy) -> frozenset[str]:
    """Names and paths of all labels, and the dimensions' names with a colon, for `fault`."""
    names = {f"{dimension.name}:" for dimension in taxonomy.dimensions}
    for dimension in taxonomy.dimensions:
        for label in dimension.labels:
            names.update((label.name, PATH_SEPARATOR.join(label.path)))
    return frozenset(names)


def checks(like: Sequence[str], labels: Collection[str]) -> Checks:
    """The checks for some logs and labels, learnt once however often they are asked for."""
    step = max(1, -(-len(like) // MOST_LIKE))
    return _learnt(tuple(like[::step]), frozenset(labels))


@dataclass(frozen=True, slots=True)
class Checks:
    """What a text is held against.

    Attributes:
        language: of the logs.
        usual: what in the logs would be a leak, case folded.
        roles, templates: whether the logs hold such themselves, which lets them pass.
        names: of labels and their paths, folded; paths: those of several parts.
        dimensions: their names, case folded.
    """

    language: Language
    usual: frozenset[str]
    roles: bool
    templates: bool
    names: frozenset[str]
    paths: tuple[str, ...]
    dimensions: frozenset[str]

    def fault(self, text: str, most_words: int | None = None) -> str:
        """The first fault, in words; empty for none."""
        if not any(map(str.isalnum, text)):
            return EMPTY
        if len(text) > LONGEST or (most_words is not None and len(words(text)) > most_words):
            return LONG
        if not self.templates and _TEMPLATE.search(text):
            return TEMPLATE
        if not self.roles and _ROLE.search(text):
            return ROLE
        if self._leaks(text):
            return LABEL
        return LANGUAGE if self.language.is_foreign(text) else ""

    def _leaks(self, text: str) -> bool:
        if (_candidates(text) & self.names) - self.usual or self._named(text):
            return True
        return ">" in text and any(path in _folded(text) for path in self.paths)

    def _named(self, text: str) -> bool:
        """Whether a dimension's name stands before a colon: at the beginning, or before a label."""
        for found in _NAMED.finditer(text):
            name, value = found[1].casefold(), _folded(found[2])
            if name in self.dimensions and f"{name}:" not in self.usual:
                first = not text[: found.start(1)].strip(" \t\"'*-[({")
                if first or value in self.names:
                    return True
        return False


@lru_cache(64)
def _learnt(like: tuple[str, ...], labels: frozenset[str]) -> Checks:
    """Of evenly drawn texts of the logs."""
    colon = {name for name in labels if name.endswith(":")}
    usual = frozenset[str]().union(*map(_candidates, like))
    usual |= {f"{found[1].casefold()}:" for text in like for found in _NAMED.finditer(text)}
    names = frozenset(map(_folded, labels - colon))
    return Checks(
        language=Language.of(like),
        usual=usual,
        roles=any(map(_ROLE.search, like)),
        templates=any(map(_TEMPLATE.search, like)),
        names=names,
        paths=tuple(sorted(name for name in names if ">" in name)),
        dimensions=frozenset({name[:-1].casefold() for name in colon} | {"intent", "label"}),
    )


def _candidates(text: str) -> frozenset[str]:
    """What in a text is written as names of labels are and words are not, folded."""
    found = {_folded(one) for one in _TOKEN.findall(text) if _is_written_as_a_name(one)}
    found.update(map(_folded, _ENCLOSED.findall(text)))
    return frozenset(found)


def _is_written_as_a_name(token: str) -> bool:
    """Of parts put together, or with a capital inside."""
    if any(sign in token for sign in "_/.:|\\"):
        return True
    return any(one.islower() and other.isupper() for one, other in pairwise(token))


def _folded(name: str) -> str:
    return _ARROW.sub(">", " ".join(name.casefold().split()))
