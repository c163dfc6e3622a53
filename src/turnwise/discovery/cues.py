"""English words that tell a greeting, thanks, a filler or a bare answer from a request.

The embedded twin of a reader: it knows English alone, chat spellings included. A word of another
language is none of these, so that its texts are kept.
"""

from __future__ import annotations

import re

GREETING = "greeting"
GOODBYE = "goodbye"
THANKS = "thanks"
YES_OR_NO = "yes or no"
FILLER = "filler"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A text whose words are all known is of the first kind that one of them names.
CUES = (
    (GREETING, _words("hi hello helo hey hiya heya hai hallo greetings morning afternoon evening")),
    (
        THANKS,
        _words(
            "thanks thank thankyou thanking thx tks ty tq thanku thnx tnx cheers appreciate"
            " appreciated grateful"
        ),
    ),
    (GOODBYE, _words("bye goodbye byebye cya farewell")),
    (
        YES_OR_NO,
        _words(
            "yes yeah yep yup yea ya yah no nope nah nothing sure surely ok"
            " okay okey k correct right exactly absolutely definitely certainly confirm confirmed"
            " agree agreed true false fine alright affirmative negative nevermind indeed proceed"
            " ahead"
        ),
    ),
    (
        FILLER,
        _words(
            "hmm hm um umm uh uhm er ah aah oh wow cool great good nice perfect awesome excellent"
            " wonderful amazing fantastic lovely brilliant super welcome sorry oops pardon wait"
            " waiting moment minute second sec hold patience lol haha well anyway done understood"
            " noted gotcha glad happy pleased pleasure sir madam mam maam dear help assist"
            " assistance question questions excuse that's thats sounds enough works all"
        ),
    ),
)

# Words that say nothing of their own, beside a cue.
LIGHT = _words(
    "a an the this that these those it it's its i i'm im i've ive i'd i'll me my mine we us our you"
    " u ur your yours they am is are was were be been being do does did doing don't dont have has"
    " had having can could will would may might shall should must let's lets let get got gonna"
    " going go of to for from in on at by with about as and or but so if then than too also very"
    " much more most many lot lots bit really just only quite again still now today please pls plz"
    " kindly any anything anyone else everything something some someone every other thing here"
    " that'll day night time weekend evening year one yourself myself"
    " need needed want wanted like know think guess hope say tell make take wish way such same ever"
    " till until because work working gone connected sounding me's youre you're u're same"
)

# Beside thanks or a goodbye these say nothing either.
COURTESY = _words(
    "service support info information response reply answer answers prompt quick quickly kind"
    " kindness helping helped helpful care chat chatting talk talking team resolved solved cleared"
    " clear problem issue issues queries query concerns worries valuable effort efforts back best"
    " better big solving feel"
)

# What details are details of, as in `my order number is 12345`.
DETAIL_NAMES = _words(
    "name names number numbers no id ids email mail e-mail e address phone mobile telephone cell"
    " contact zip pin code pincode zipcode postal date birth dob birthday account order booking"
    " reservation confirmation reference ref username user password security social ssn card last"
    " four digits first middle surname family full city state street st road rd avenue ave lane ln"
    " drive dr apt apartment floor building house country county town live from"
    " january february march april may june july august september october november december jan feb"
    " mar apr jun jul aug sept sep oct nov dec monday tuesday wednesday thursday friday saturday"
    " sunday mon tue tues wed thu thur thurs fri sat sun th nd am pm o'clock noon midnight dollars"
    " usd eur euros pounds zero two three five six seven eight nine ten eleven twelve twenty thirty"
    " hundred thousand double triple mr mrs ms miss here"
)

# With one of these a text asks for something, or at least may.
ASKING = _words(
    "need needed want wanted wants like can could would how what when why who let get got make take"
    " change cancel send give tell show buy order book check find add remove update confirm help"
    " assist"
)

# With one of these at its beginning a text is a question, too.
QUESTION_BEGINS = _words("is are will does do did was were am has have")

# Together these say that something fails, which is no filler.
NEGATIONS = _words("not no never none don't dont doesn't doesnt isn't isnt won't wont can't cant")
WORKING = _words("work works working there have has get got")

# Stands by a thing that is done rather than by a name.
OBJECTS = _words("me it that this them to")

# A turn of these alone points at what was said before: `can you do that for me`.
POINTING = _words("it that this these those them one ones first second last both other same there")

SMALL_TALK = re.compile(
    r"\b(?:how (?:are|r|do) (?:you|u)(?: do(?:ing)?| today)?|(?:are )?(?:you|u) (?:still )?there"
    r"|what'?s up|nice to meet you)\b"
)
