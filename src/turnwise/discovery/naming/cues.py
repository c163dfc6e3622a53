"""Ways of saying things, in English, and what they show: the kind of an utterance, and its verb.

"How do I", "I want to" and "can't" are cues: the first shows a question, the second a wish, the
third a problem. All of them read texts in lower case with plain apostrophes.
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal[
    "greet",
    "thank",
    "goodbye",
    "affirm",
    "deny",
    "apologize",
    "offer",
    "ask",
    "confirm",
    "complain",
    "report",
    "inquire",
    "request",
    "provide",
]


def _cue(pattern: str) -> re.Pattern[str]:
    """A pattern over several lines, in which a space stands for a space."""
    lines = (line.strip() for line in pattern.strip().splitlines())
    return re.compile("".join(lines))


# A word ends before the next begins: else a long one could be cut in millions of ways.
_SHORTLY = r"\W*(?:\w+(?:\W+|$)){0,4}$"
# The first that is found is the kind of an utterance; questions and wishes come after these.
KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "greet",
        _cue(
            rf"""^(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening|day))\b{_SHORTLY}
            |\bhow (?:can|may) i (?:help|assist)\b"""
        ),
    ),
    (
        "thank",
        _cue(rf"^(?:\w+\W+){{0,3}}(?:thanks|thank you|thx|appreciate)\b{_SHORTLY}"),
    ),
    (
        "goodbye",
        _cue(
            rf"""^(?:\w+\W+){{0,3}}(?:bye|goodbye|see you|see ya|take care
            |have a (?:\w+ )?(?:day|evening|one|weekend))\b{_SHORTLY}"""
        ),
    ),
    (
        "affirm",
        _cue(
            rf"""^(?:yes|yeah|yep|yup|sure|ok|okay|correct|right|exactly|absolutely
            |that(?:'s| is) (?:right|correct|true|fine|good))\b{_SHORTLY}"""
        ),
    ),
    ("deny", _cue(rf"^(?:no|nope|nah|not really|that(?:'s| is) (?:wrong|not)|false)\b{_SHORTLY}")),
    (
        "apologize",
        _cue(
            r"""\b(?:we|i)(?:'m| am| are)? (?:(?:do|so|very|really|sincerely) )?
            (?:apologi[sz]e|sorry (?:to hear|for (?:the|that|your|any)|about (?:the|that)))"""
        ),
    ),
    (
        "offer",
        _cue(
            r"""\bwould you (?:like|want|prefer)\b|\banything else\b|\bdo you (?:want|need) me\b
            |\bi(?:'ll| will| can) (?:\w+ ){1,8}for you\b|\bi(?:'ve| have)? found\b
            |\bmay i (?:suggest|recommend|offer)\b|\b(?:shall|should) i\b
            |\bare you (?:ready|interested|looking)\b|\bdo you (?:want|need|wish) (?:to|a|any)\b"""
        ),
    ),
    (
        "ask",
        _cue(
            r"""\b(?:can|could|may) i (?:please )?(?:have|get|know) your\b
            |\bwhat(?:'s| is| was| are) your\b
            |\b(?:please|kindly|you) (?:provide|share|verify|confirm|specify|give me|tell me
            |let me know) (?:with )?(?:your|the|which|what)\b
            |\b(?:what|which|where|when|how many) (?:\w+ ){0,4}(?:would|do|are|should|will) you\b
            |\b(?:what|which|where|when) (?:\w+ ){0,3}(?:should|shall|can|may) i
            (?: search| look| book)\b"""
        ),
    ),
    (
        "confirm",
        _cue(
            r"""\b(?:i have|i've|we have|we've) (?:successfully )?\w+ed (?:your|you|it)\b
            |\byour (?:\w+ ){1,5}(?:has been|have been|was successfully|is confirmed|is booked)\b
            |\b(?:please confirm|confirming|to confirm)\b|\b(?:you are|you're) all set\b
            |^(?:\w+\W+){0,2}(?:you(?:'d| would)? (?:like|want|need)|you (?:said|asked))\b"""
        ),
    ),
    (
        "complain",
        _cue(
            r"""\b(?:complain\w*|unacceptable|ridiculous|terrible|horrible|awful|worst|angry
            |disappointed|disgusted|dissatisfied|furious|unhappy|not happy|rude|fed up
            |waste of)\b"""
        ),
    ),
    (
        "report",
        _cue(
            r"""\b(?:unable|(?:does|do|did|is|has|have|was|ca|could|wo|are)n'?t
            (?! (?:know|understand|want|care|need|like|remember|think|sure))|can ?not
            |not (?:work|show|receive|get|let|allow|recogni[sz]e)\w*|never (?:got|received|came)
            |still (?:not|pending|waiting|has|have)|fail\w*|declined?|reject\w*|refus\w*|denied
            |lost|stolen|stole|robbed|hacked|missing|misplaced|broken|broke|damaged|wrong
            |incorrect|mistake|errors?|problems?|issues?|trouble|stuck|blocked|locked out
            |disappeared|fraud\w*|suspicious|compromised|crash\w*|twice|accident)\b"""
        ),
    ),
)
# Words before an utterance proper.
OPENING = _cue(
    r"""^(?:(?:hi|hello|hey|so|well|ok|okay|um|uh|please|good \w+|yes|yeah|and|but|there)\b\W*)+"""
)
QUESTION = _cue(
    r"""\?\s*$
    |^(?:what|what's|how|how's|why|when|where|who|who's|which|whose
    |is|are|do|does|did|has|was|were|am|will|should|may)\b
    |\b(?:want|like|need|love) to (?:know|find out|see|check|ask|understand|hear|learn)
    |\bwonder(?:ing)?\b|\bcurious\b|\bquestion\b|\b(?:tell|show|give) me\b|\blet me know\b
    |\b(?:do|not|don't) (?:you )?know (?:what|how|why|when|where|who|which|if|whether)\b
    |\bhow (?:do|can|to|much|many|long|often|does|should)\b"""
)
WISH = _cue(
    r"""\b(?:wants?|needs?|would like|wish|looking (?:for|to)|hoping|trying to|have to|going to
    |please|help|let's|(?:i|we)'d like|(?:can|could|would|will) you)\b"""
)
_VERB = r"([a-z]+(?: (?:up|down|off|out|back)\b)?)"
OPENING_VERB = re.compile(f"^{_VERB}")
VERB_BEHIND = _cue(
    rf"""\b(?:(?:wants?|needs?|like|love|wish|try|tries|trying|tried|going|have|looking|how|able
    |hoping|forgot|possible for \w+|steps|process|calling|here|ways?|me) to
    |(?:can|could|should|must|will|would|do|may|might|shall|did) (?:i|you|we)
    |(?:i|we|you)(?:'ll)? (?:can|could|should|must|will|may|might)
    |help me|let's|let us|please|gonna|wanna|gotta) +
    (?:(?:please|also|just|now|still|actually|really|kindly|you|go ahead and|i|me|to|help|try
    |start|go|need|want|like|be able) +){{0,6}}{_VERB}"""
)
DOING = _cue(
    r"""\b(?:i'm|i am|am i|we're|we are|about|of|for|by|with|keep|start|stop|consider
    |interested in|help|when|while|before|after|without) ([a-z]+ing)\b"""
)
# Verbs that say nothing of the matter, and words behind a cue that are no verbs.
_LIGHT = """
a about access all allow an and any are ask at be been being believe call can care check come
confirm contact could deal do does doing done ever expect explain feel figure find fix for from
get give go got happen has have hear help how i if in is it just keep know learn let like look
make me mean mind move my need no not of off on or our out please possible provide put say see
seem show so some speak start still stop suggest take talk tell that the them there these they
think this to touch try turn understand up us use very wait want was we what when where which who
why will wish with wonder work would you your
"""
LIGHT = frozenset(_LIGHT.split())
