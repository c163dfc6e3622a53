"""Stated names: "my name is ...", "this is Teo from ...", "Dana here", "Thanks, Marco".

Two steps. First the cues: where somebody states a name, is greeted by one, or answers the
question for it. Then the mentions: wherever in the conversation a name so found stands again,
"thanks teo" too. A weak cue ("this is", "I'm") needs a capital and a fitting continuation,
because "I'm Sorry" and "This is Netflix support" look alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from turnwise.conversations import Role
from turnwise.privacy.spans import Span
from turnwise.privacy.words import NO_MAILBOX_NAME, NO_NAME, SOMETIMES_A_NAME

Place = tuple[int, int]  # first character, and the one after the last

_TITLED = re.compile(r"(?:mr|mrs|ms|mx|dr|miss|prof)\.?\s", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{1,30}(?:['’\-][^\W\d_]{2,30}){0,3}")
_PARTICLES = {"de", "da", "del", "di", "do", "dos", "du", "la", "le", "van", "von", "der", "den"}
_PARTICLES |= {"ter", "el", "al", "bin", "ibn", "st"}
_NAMES_IN_ING = frozenset(
    ("sterling", "irving", "ewing", "harding", "fleming", "ming", "jing", "ling")
)
_TITLE = r"(?:mr|mrs|ms|mx|dr|miss|prof|herr|frau|señora?|monsieur|madame|mme)\.?\s"
_RELATIVES = (
    "wife|husband|son|daughter|sister|brother|mother|mom|mum|father|dad|friend|partner|uncle|aunt"
    "|boss|neighbor|neighbour|cousin|niece|nephew|roommate|flatmate|boyfriend|girlfriend|fiance"
    "|fiancé|fiancée|grandson|granddaughter|grandma|grandpa|colleague|assistant"
)


class Cue(NamedTuple):
    """A way of naming somebody: the pattern that a name follows.

    One of the hints stands in every text, put in lower case, that the pattern matches; looking
    for them takes a fraction of the pattern's time.
    """

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _cue(kind: str, hints: str, pattern: str) -> Cue:
    return Cue(kind, tuple(hints.split("|")), re.compile(pattern, re.IGNORECASE))


_CUES = (
    _cue(  # in so many words
        "worded",
        "name is|name's|name’s|names |name ist|appelle|hei\u00dfe|heisse|llamo|nombre",
        r"\b(?:my|mein)\s(?:(?:full|first|last|given|real)\s)?name(?:\sis|['’]?s|\sist)\s"
        r"|\bje\sm['’]appelle\s|\bich\shei(?:ß|ss)e\s|\bme\sllamo\s|\bmi\snombre\ses\s",
    ),
    _cue(
        "named",
        "name|call me",
        r"\b(?:his|her|their|the|first|last|full|account|holder['’]?s?|customer['’]?s?|family"
        rf"|(?:{_RELATIVES})['’]?s)\sname(?:\sis|['’]s|\swas|:)\s|\bname:|(?:^|[,.;]\s)name\s"
        r"|\bunder\sthe\sname(?:\sof)?\s|\bcall\sme\s|(?:^|[.!?,]\s)name['’]?s\s",
    ),
    _cue("related", "my ", rf"\bmy\s(?:{_RELATIVES}),?\s"),
    _cue(
        "introduced",
        "i'm |i’m | im |i am |this is | it's | it’s | its ",
        r"\b(?:i['’]?m|i\sam|this\sis|it['’]?s(?:\sme,?)?)\s",
    ),
    _cue(  # only agents speak so
        "duty",
        "you're |you’re |you are |you've |you’ve |you have |assisted by|connecting you|your ",
        r"\byou(?:['’]re|\sare)\s(?:now\s)?"
        r"(?:(?:chatting|speaking|talking|connected)\s(?:with|to)|with|through\sto)\s"
        r"|\byou(?:['’]ve|\shave)\s(?:got|reached)\s|\b(?:assisted\sby|connecting\syou\s(?:with|to))\s"
        r"|\byour\s(?:\w{1,12}\s){0,2}(?:agent|advisor|adviser|specialist|representative),?\s",
    ),
    _cue(
        "greeted",
        "hi |hi,|hiya|hello| hey|dear|welcome|good |thank|to meet you|bye|hallo|bonjour|hola",
        r"\b(?:hi|hello|hey|dear|hiya|welcome(?:\sback)?|good\s(?:morning|afternoon|evening|day)"
        r"|thanks(?:\s(?:so|very)\smuch|\sa\slot)?|thank\syou(?:\s(?:so|very)\smuch)?"
        r"|(?:nice|lovely|good|great|pleased|pleasure)\sto\smeet\syou|goodbye|bye|hallo|bonjour"
        r"|hola),?\s",
    ),
    _cue(
        "signed",
        "regards|best,|sincerely|yours|cheers,",
        r"(?:regards|\bbest|sincerely|\byours|\bcheers),?\s{1,3}(?=[^\s]{2,30}(?:\s[^\s]{2,30})?\s*$)",
    ),
    _cue(
        "title",
        "mr | mr.|mrs| ms | ms.| mx|dr |dr.| miss | prof|herr |frau |señor|monsieur|madame|mme",
        rf"\b{_TITLE}",
    ),
)
_SPEAKING = _cue(
    "speaking", " here| speaking| joined", r"\s(?:here|speaking|(?:has\s)?joined)\b"
)  # the name comes first
_TWO_WORDS = re.compile(r"(?:[^\W\d_a-z][^\W\d_'’\-]{1,30} )?[^\W\d_a-z][^\W\d_]{1,30}$")
_AFTER_SPEAKER = re.compile(
    r"\s(?:from|at|with|and|again|the\s(?:chat|conversation|call))\b", re.IGNORECASE
)
_OPENS = re.compile(
    r"(?:^|[.!?,;:\n\-–—(]\s?|\b(?:hi|hello|hey|hiya|morning|afternoon|evening|day)\s)$",
    re.IGNORECASE,
)
_EVERY = (*_CUES, _SPEAKING)
# Customers greet the company, and what a bot calls itself is nobody's name.
_HEARD: dict[Role, tuple[Cue, ...]] = {
    "agent": _EVERY,
    "customer": tuple(cue for cue in _EVERY if cue.kind not in {"duty", "greeted"}),
    "bot": tuple(cue for cue in _EVERY if cue.kind in {"named", "related", "greeted", "title"}),
}
_ENDS = re.compile(r"\s*(?:$|[^\w\s&'’])")
_GOES_ON = re.compile(
    r"\s(?:from|at|with|and|&|here|again|your|on|in|of|by|an?|the|to|for|over|out|off|back|today|now"
    r"|just|then|so|but|who|how|what|can|could|may|let|thanks|thank|sorry|hope|we|you"
    r"|i['’]?(?:m|ll|ve|d)?|\w{2,12}ing)(?!\w)",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r"\s(&|[^\W\d_]{1,30})")
_TOLD_OF = re.compile(r"\s(?:has|had|is|was|said|says|who|bought|got|lives|called|wants?)\b", re.I)
_CALLS = re.compile(r"\s(?:from|calling|speaking|writing|here|again)\b", re.IGNORECASE)
_UNSHAPED_GOES_ON = re.compile(r"\s(?:and|from|here|calling|again|i)\b", re.IGNORECASE)
_NO_NAME_ENDING = re.compile(r"..(?:ed|ly|ous|ful|ive|able|ible|less|ness|tion|ment|n['’]?t)$")
_GREETING_BEFORE = re.compile(
    r"\b(?:hi|hello|hey|morning|afternoon|evening)\b[\s,!.\-]{0,3}(?:yes,?\s)?$", re.I
)
_COMPANY = re.compile(
    r"\b(?:contacting|choosing|welcome to|calling|visiting|reaching(?: out to)?"
    r"|shopping (?:at|with))"
    r"\s([^\W\d_]{2,30})",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:your|full|first|last|holder['’]?s?|customer['’]?s?|billing)\s(?:\w{1,10}\s){0,3}name\b"
    r"|\bname\s(?:on|for|under|of\sthe\s(?:account\sholder|person))\b|\bname\?"
    r"|\bwhom?\s(?:do\si\shave|am\si|is\sthis|i['’]?\s?a?m)\b|\b(?:what|which|whose)\sname\b"
    r"|\bname,?\splease\b|\b(?:a|the)\sname\sand\b|\bi\s(?:address|call)\syou\b|\band\syou\sare\?|\bwho['’]s\sthis\b|\bin\s(?:what|whose|which)\sname\b",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[^\s.,;:!?\ue000()](?:[^.,;:!?\n\ue000()]*[^\s.,;:!?\ue000()])?")
_ANSWERS = re.compile(
    r"(?:(?:under|it['’]?s|its|it\sis|yes|yeah|sure|is|my|the|full|last|first|name|for|this\sis|i['’]?m"
    r"|i\sam|of\scourse|ok|okay|hi|hello)\s){1,5}",
    re.IGNORECASE,
)
_ANSWER_ENDS = re.compile(
    r"\s(?:and|with|order|account|email|e-mail|number|ref|reference|case|here|speaking|on|from|at)\b",
    re.IGNORECASE,
)
_NO_ASK = re.compile(
    r"\b(?:user\s?|file|device|network|brand|screen)name\b|\bname of (?:the|your) (?!acc|pers)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class _Speech:
    """A turn's text with the other kinds blanked out, and who says it."""

    text: str
    role: Role


def asks_for_name(text: str) -> bool:
    """Whether a turn asks for a person's name, so that the next one may be just that."""
    low = text.lower()
    if not any(hint in low for hint in ("name", "who", "call you", "address you", "you are?")):
        return False
    return _ASKS.search(text) is not None and not _NO_ASK.search(text)


def hinted_cues(text: str, role: Role) -> list[Cue]:
    """The cues worth trying on a turn: none, for most."""
    low = f" {text.lower()}"
    cues = []
    for cue in _HEARD[role]:
        for hint in cue.hints:  # a plain loop: this runs for every turn
            if hint in low:
                cues.append(cue)
                break
    return cues


def stated_names(text: str, role: Role, cues: Iterable[Cue], asked: bool) -> Iterator[Place]:
    """Yield where a turn states a name, by some cues or, when `asked` for one, as an answer."""
    for cue in cues:
        if cue is _SPEAKING:
            yield from _before_speaking(text)
        else:
            yield from _behind_cues(cue, _Speech(text, role))
    if asked:
        yield from _answer(text)


def _behind_cues(cue: Cue, speech: _Speech) -> Iterator[Place]:
    kind, text = cue.kind, speech.text
    for match in cue.pattern.finditer(text):
        at = match.end()
        if kind == "greeted" and (title := _TITLED.match(text, at)):
            at = title.end()
        lower = kind == "worded" or (kind == "title" and match[0][:2] in {"mr", "he", "fr"})
        if kind == "introduced" and speech.role == "customer":
            lower = _NO_NAME_ENDING.search(text[at : at + 32].lower().split(" ")[0]) is None
        place = _read_name(text, at, lower, kind in {"worded", "title"} or text[:90].isupper())
        if place and _fits(speech, kind, match.start(), place):
            yield place


def _fits(speech: _Speech, kind: str, cue_at: int, place: Place) -> bool:
    """Whether what follows a name, and who says it, let it be one."""
    text, end = speech.text, place[1]
    greets = cue_at < 40 and _GREETING_BEFORE.search(text[:cue_at]) is not None
    ends = _ENDS.match(text, end) is not None
    match kind:
        case "title":
            return True
        case "worded" if text[place[0]].isupper():
            return True
        case "worded":
            after = _NEXT_WORD.match(text, end)
            return ends or (after is not None and after[1].lower() in NO_NAME | {"&"})
        case "greeted":
            return ends
        case "signed":
            return not text[end:].strip(" .!\n")
        case "introduced" if text[cue_at] in "iI" and text[cue_at + 1] in "tT":  # "it's Dana again"
            return _CALLS.match(text, end) is not None
        case "introduced" if speech.role == "customer":
            if text[place[0]].islower() or text[place[0] : end].isupper():
                return greets and (ends or _UNSHAPED_GOES_ON.match(text, end) is not None)
            if _CALLS.match(text, end):
                return True
            return ends and (_is_i(text, cue_at) or greets or not text[:cue_at].strip())
        case "related" if _TOLD_OF.match(text, end):
            return True
        case _:
            return ends or _GOES_ON.match(text, end) is not None


def _is_i(text: str, at: int) -> bool:
    return text[at] in "iI" and text[at + 1] in " '’mM"


def _read_name(text: str, at: int, lower: bool, shout: bool) -> Place | None:
    """The name of one to three words that begins at a character, if one does."""
    end, words = at, 0
    while words < 3:
        if initial := re.compile(r"[A-Z]\.\s?").match(text, end):  # "M. Fenwick"
            after = _WORD.match(text, initial.end())
            if after and after[0][0].isupper():
                end = initial.end()
                continue
        word = _WORD.match(text, end)
        if words or shout:
            word = _past_particles(text, word)
        if not word or not _is_name(word[0], lower, shout):
            break
        words, end = words + 1, word.end()
        if text[end : end + 1] != " ":
            break
        end += 1
    return _place(text, at, end) if words else None


def _past_particles(text: str, word: re.Match[str] | None) -> re.Match[str] | None:
    """The capitalised word behind particles ("van der Berg"), or the word as it is."""
    last = word
    while last and last[0].lower() in _PARTICLES and text[last.end() : last.end() + 1] == " ":
        last = _WORD.match(text, last.end() + 1)
    return last if last and last[0][0].isupper() else word


def _place(text: str, start: int, end: int) -> Place:
    name = text[start:end].rstrip()
    if name.endswith(("'s", "’s")):
        name = name[:-2]
    return start, start + len(name)


def _is_name(word: str, lower: bool, shout: bool) -> bool:
    if word.lower() in NO_NAME or len(word) < 2:
        return False
    if word.lower().endswith("ing") and word.lower() not in _NAMES_IN_ING:
        return False
    if word.islower():
        return lower
    # Capitals alone shout, but for initials used as a name: "CJ", "JD".
    return word[0].isupper() and (shout or not word.isupper() or (len(word) < 3 and "J" in word))


def _before_speaking(text: str) -> Iterator[Place]:
    """Names before " here" or " speaking", where that ends the clause that the name opens."""
    for cue in _SPEAKING.pattern.finditer(text):
        at = cue.start()
        words = _TWO_WORDS.search(text[max(0, at - 45) : at])
        if not words or not (_ENDS.match(text, cue.end()) or _AFTER_SPEAKER.match(text, cue.end())):
            continue
        first = at - len(words[0])
        for start in (first, first + words[0].find(" ") + 1):  # "Hi Dana here": not the greeting
            place = _read_name(text, start, lower=False, shout=False)
            if place and place[1] == at and _OPENS.search(text[max(0, start - 12) : start]):
                yield place
                break


def _answer(text: str) -> Iterator[Place]:
    """Names in the answer to the question for one: a part of the turn that is nothing else."""
    for part in _PARTS.finditer(text):
        opening = _ANSWERS.match(text, part.start(), part.end())
        start = opening.end() if opening else part.start()
        words = text[start : part.end()].split()
        place = _read_name(text, start, len(words) < 5, shout=True) if words else None
        if place and (place[1] == part.end() or _ANSWER_ENDS.match(text, place[1])):
            yield place


def names_of_mailbox(address: str) -> Iterator[str]:
    """Yield the words of an e-mail address that may be the owner's names: "renee.d@" -> renee."""
    parts = re.split(r"[^\w]|_", address.split("@")[0])
    for part in parts if len(parts) > 1 else ():
        if len(part) > 2 and part.isalpha() and part.lower() not in NO_MAILBOX_NAME | NO_NAME:
            yield part.lower()


def companies(text: str) -> Iterator[str]:
    """Yield words that an agent's turn uses as the name of its company, in lower case."""
    for match in _COMPANY.finditer(text):
        yield match[1].lower()


class Mentions:
    """Finds again the names that a conversation has stated.

    Args:
        names: stated names; each full name, and each word of it, counts as a mention.
        owners: names that only an e-mail address gave, in lower case; capitalised mentions count.
    """

    def __init__(self, names: Iterable[str], owners: Iterable[str] = ()) -> None:
        full = {re.sub(r"\s+", " ", name).lower() for name in names}
        words = {word for name in full for word in name.split(" ") if _stands_alone(word)}
        self._careful = {word for word in words if len(word) < 3 or word in SOMETIMES_A_NAME}
        self._owners = set(owners) - words
        self._careful |= self._owners
        every = sorted(full | words | self._owners, key=lambda name: (-len(name), name))
        pattern = "|".join(re.escape(name).replace(r"\ ", r"\s") for name in every)
        self._pattern = re.compile(
            rf"(?<![\w\-])(?:{pattern})(?=(?:['’]?s)?(?![\w]))", re.IGNORECASE
        )

    def find(self, text: str) -> Iterator[Span]:
        for match in self._pattern.finditer(text):
            if match[0].lower() not in self._careful or self._is_careful(text, match):
                yield Span(*match.span(), "name", match[0])

    def _is_careful(self, text: str, match: re.Match[str]) -> bool:
        name = match[0]
        if not name[0].isupper() or (
            name.isupper() and len(name) > 1 and name.lower() in SOMETIMES_A_NAME
        ):
            return False
        opens = not text[: match.start()].rstrip() or text[: match.start()].rstrip()[-1] in ".!?\n"
        return not opens or name.lower() not in SOMETIMES_A_NAME


def _stands_alone(word: str) -> bool:
    """Whether one word of a name may be looked for on its own."""
    return len(word) > 1 and "." not in word and word not in _PARTICLES and word not in NO_NAME
