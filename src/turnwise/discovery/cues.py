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
            " noted gotcha glad happy pleased pleasure sir madam mam maam dear help helpful helped"
            " suits ideal assist assistance question questions excuse that's thats sounds enough"
            " works all"
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
    " you've you'd you'll seem seems pretty love"
)

# Beside thanks or a goodbye these say nothing either.
COURTESY = _words(
    "service support info information response reply answer answers prompt quick quickly kind"
    " kindness helping helped helpful care chat chatting talk talking team resolved solved cleared"
    " clear problem issue issues queries query concerns worries valuable effort efforts back best"
    " better big solving feel"
)

# Days, hours and numbers in words.
CALENDAR = _words(
    "january february march april may june july august september october november december jan feb"
    " mar apr jun jul aug sept sep oct nov dec monday tuesday wednesday thursday friday saturday"
    " sunday mon tue tues wed thu thur thurs fri sat sun th nd am pm o'clock noon midnight dollars"
    " usd eur euros pounds zero two three four five six seven eight nine ten eleven twelve twenty"
    " thirty hundred thousand"
)

# What details are details of, as in `my order number is 12345`.
_NAMED = _words(
    "name names number numbers no id ids email mail e-mail e address phone mobile telephone cell"
    " contact zip pin code pincode zipcode postal date birth dob birthday account order booking"
    " reservation confirmation reference ref username user password security social ssn card last"
    " digits first middle surname family full city state street st road rd avenue ave lane ln"
    " drive dr apt apartment floor building house country county town live from double triple mr"
    " mrs ms miss here"
)
DETAIL_NAMES = _NAMED | CALENDAR

# With one of these a text asks for something, or at least may.
ASKING = _words(
    "need needed want wanted wants like can could would how what when why who let get got make take"
    " change cancel send give tell show buy order book check find add remove update confirm help"
    " assist"
)

# In an answer these say only that it is wanted.
WANTING = _words(
    "need needs needed want wants wanted like can could would prefer preferred get got let make"
    " take what when who"
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

# A yes or a no in several words that would each say something of their own.
BARE_ANSWER = re.compile(
    r"\b(?:(?:(?:that|this|it)(?:'?s| is| was) )?(?:exactly |just )?(?:what|all) (?:i|we)"
    r" (?:want|need|like|ask)(?:ed)?(?: for)?"
    r"|not (?:right now|now|yet|today|really|at (?:the|this) (?:moment|time))"
    r"|(?:maybe|may be|perhaps) (?:later|(?:an|some )?other time|(?:a )?next time)"
    r"|(?:i'?m|i am|all)(?: all)? set|go for it|of course|no need"
    r"|(?:i )?(?:do(?:n'?t| not) )?(?:think|guess|hope) so"
    r"|do(?:n'?t| not) worry(?: about it)?|that(?:'?ll| will) (?:do|be (?:all|it|fine)))\b"
)
