"""Cues of English for what the logs alone do not tell; other languages go without them.

Whatever can be learnt from the logs is: see `phrasing`.
"""

from __future__ import annotations


def _listed(text: str, divided_by: str | None = None) -> frozenset[str]:
    return frozenset(" ".join(one.split()) for one in text.split(divided_by))


# What a customer says before coming to the point: greeting, thanks, acknowledgement, apology.
OPENERS = _listed(
    """
    ok|okay|alright|all right|right|sure|great|good|perfect|nice|cool|awesome|wonderful|excellent|
    fantastic|lovely|fine|very good|very well|sounds good|sounds great|that sounds good|
    that sounds great|that sounds nice|that's good|that's great|that's fine|that works|i see|
    i understand|got it|understood|makes sense|interesting|good to know|ah|oh|well|so|hmm|um|
    hi|hello|hey|hi there|hello there|good morning|good afternoon|good evening|good day|
    thanks|thank you|thank you very much|thank you so much|thanks a lot|many thanks|thx|cheers|
    much appreciated|i appreciate it|sorry|i'm sorry|i am sorry|apologies|my apologies|excuse me|
    pardon me|pardon
    """,
    divided_by="|",
)
# What a noun phrase begins with that was named before, and where it was named.
DETERMINERS = _listed("the this that these those my our")
ARTICLES = _listed("a an the some any my our your")
# A turn that begins with one of these hangs on what was before it.
HANGING = _listed("and but or for to of that because then")
# What a detail stands behind that can be left out together with it.
LINKS = _listed("in at on near around")
# Behind these a place becomes "there" and they go themselves.
TOWARDS = _listed("in at")
PLACES = _listed(
    """
    hotel restaurant store shop branch bank airport station city town hospital salon theater
    theatre cinema office apartment house building place venue location museum park bar cafe
    """
)
# What is no thing that "it" could stand for: times, people, words that point, and idioms.
NO_THINGS = _listed(
    """
    time times day days night morning afternoon evening noon week weekend month year moment
    way ways help wait rest point idea chance bit lot kind sort type thing things info
    information news one ones other others same first second third last next whole most more
    less best better worst latter former only both all half two three four five six seven
    eight nine ten
    agent manager person people man men woman women lady guy guys mum mom mother dad father son
    daughter kid kids child children boy girl baby husband wife partner brother sister aunt
    uncle cousin friend friends family neighbour neighbor neighbours neighbors boss colleague
    customer customers owner seller buyer driver courier technician doctor dentist stylist
    therapist staff team crew guest guests passenger passengers rep
    """
)
# Adverbs and particles: no name ends with one.
ADVERBS = _listed(
    """
    back up off out down away over on in here there again too also now today tonight tomorrow
    yesterday yet still not just already soon later earlier first anymore anyway instead either
    even only ever never right asap much many far long please
    """
)
# Verbs that take a thing and nothing else, so that what stands behind them is all of it.
VERBS = _listed(
    """
    buy bought cancel canceled cancelled cancelling canceling exchange exchanged find found fix
    fixed get got install installed keep keeping lose lost need open order ordered pay play
    receive received rent renting renew renewing repair replace replaced reserve return returned
    returning see sell sold send sent ship shipped start stop take took track tried try update
    use used using want wanted watch watching like love prefer remove delete download downgrade
    upgrade collect confirm book booked schedule scheduled charge charging restart reset borrow
    borrowed check rate visit contact call view accept decline dispute report block unlock lock
    activate enable disable connect pair clean hear finish end join recommend choose
    pick sign scan print
    """
)
# Behind these and a form of "be" stands a subject and nothing else: where is, how much is.
ASKING = _listed("where much long")
# What comes behind a subject, by the number that it tells: none where it may be either.
ONE = _listed("is isn't was wasn't has hasn't does doesn't")
MANY = _listed("are aren't were weren't have haven't do don't")
EITHER = _listed("will won't can can't cannot could couldn't did didn't should would wouldn't")
# What a clause begins with: a subject may come next, and an object before it has ended.
CLAUSES = _listed("because if but until till while whether")
# Words that say that an object has ended, apart from those.
BEHIND = _listed("please now today tonight tomorrow again too instead anymore anyway asap")
# With a number or a day behind them these say when, whatever stands before.
WHEN = _listed("on at by until till from for")
DAYS = _listed(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june
    july august september october november december noon midnight
    """
)
# Behind "and" these begin a clause.
GOES_ON = _listed("i we it what how when where can could is are then also")
# What a question holds that a thing may answer, and one that any name or number may.
CHOICES = _listed("what what's which who whose or")
DETAILS = CHOICES | _listed("where when how")
# Words that say where a noun phrase ends.
STOPS = _listed(
    """
    a an the this that these those my our your is are was were be been am do does did has have had
    will would can could should may might must and or but if when where which who what how why for
    from of on in at to with by as about into i you we they he she it me us them please
    """
)
# What else may be meant by a pronoun, or stands for it already.
POINTING = ARTICLES | DETERMINERS | _listed("it its they them their there one ones his her another")
