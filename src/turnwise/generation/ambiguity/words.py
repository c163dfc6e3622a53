"""English words by what they do in a phrase; the embedded twin's only knowledge of grammar."""

from __future__ import annotations

from collections.abc import Iterable


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


DETERMINERS = _set("a an the my our your this these another any some")
OWNERS = _set("a an the my our")  # of what a customer writes about
# A phrase that begins with one of them can be left out of a sentence as a whole.
OPENERS = _set(
    """about after against and around as at because before but by during for from if in into like
    of on or over since so than that through to under until using via when where which while who
    with within without"""
)
COORDINATORS = _set("and or but so")
SUBORDINATORS = _set(
    "after although as because before if since that though unless until when while"
)
TIMES = _set(
    """second seconds minute minutes hour hours day days week weeks month months year years morning
    afternoon evening night moment while"""
)
# Behind nouns these belong to them, as in `top up` or `first time`.
GOES_ON = TIMES | _set("up out off down back over time times thing things one way")
PRONOUNS = _set("i we you he she it they me us him them there")
QUESTIONS = _set("what which who whose where why when how")
AUXILIARIES = _set(
    """is are was were am be been being has have had having do does did can could will would shall
    should may might must i'm im i've ive i'd id i'll ill we're it's that's there's what's don't
    doesn't didn't can't cannot couldn't won't wouldn't isn't aren't wasn't haven't hasn't not"""
)
_LEADING = _set(
    """very too really just please hi hello hey only still get make want need got let trying their
    his her its those every each no nor able"""
)
_HOLLOW = _set(
    """here one ones something anything help now then again today yes ok okay thanks thank sorry
    know think tell say said see use go going come much many more most less long old thing things
    way time able possible"""
)
_OBJECTS = _set("it me us them")  # pronouns that a sentence may end in
# No phrase ends in the first, and none begins with the second.
LEADS_ON = DETERMINERS | OPENERS | QUESTIONS | AUXILIARIES | (PRONOUNS - _OBJECTS) | _LEADING
FOLLOWS = _set("of than and or nor 's also too either as")
FUNCTION_WORDS = LEADS_ON | FOLLOWS | PRONOUNS
EMPTY_WORDS = FUNCTION_WORDS | _HOLLOW  # that say nothing by themselves
GREETINGS = _set("hi hello hey help please ok okay so however also well")


def is_english(locale: str) -> bool:
    """Whether a locale is English; one that nobody gave counts as such."""
    return not locale or locale.replace("_", "-").split("-")[0].lower() == "en"


def content(words: Iterable[str]) -> frozenset[str]:
    """The words that say something by themselves."""
    return frozenset(one for one in words if one and one not in EMPTY_WORDS)
