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
# What a noun phrase begins with that was named before.
DETERMINERS = _listed("the this that these those my our")
# A turn that begins with one of these hangs on what was before it.
HANGING = _listed("and but or for to of that because then")
# Behind these the first of two is still there to be named.
JOINING = _listed("and or as than")
SEVERAL = frozenset(("these", "those"))
# What a detail stands behind that can be left out together with it.
LINKS = _listed("in at on from to for near around by with")
# Behind these a place becomes "there" and they go themselves; other words keep "it".
TOWARDS = frozenset(("in", "at"))
PLACES = _listed(
    """
    hotel restaurant store shop branch bank airport station city town hospital salon theater
    theatre cinema office apartment house building place venue location museum park bar cafe
    """
)
TIMES = _listed("time day night morning afternoon evening noon week weekend month year moment way")
# Words that say where a noun phrase ends.
STOPS = _listed(
    """
    a an the this that these those my our your is are was were be been am do does did has have had
    will would can could should may might must and or but if when where which who what how why for
    from of on in at to with by as about into i you we they he she it me us them please
    """
)
