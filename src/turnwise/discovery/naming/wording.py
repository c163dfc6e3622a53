"""What people read of a cluster: its title, and a sentence on what is said in it."""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.discovery.naming.languages import ENGLISH, UNKNOWN

# kind -> how a title begins, and what who speaks does; {} is the objective.
_TITLES = {
    "inquire": "Question about {}",
    "request": "Request: {}",
    "report": "Problem: {}",
    "complain": "Complaint about {}",
    "provide": "Details: {}",
    "ask": "Asking for {}",
    "offer": "Offer: {}",
    "confirm": "Confirmation: {}",
    "apologize": "Apology: {}",
    "greet": "Greeting: {}",
    "thank": "Thanks: {}",
    "goodbye": "Goodbye: {}",
    "affirm": "Yes: {}",
    "deny": "No: {}",
    "about": "{}",
}
_DOES = {
    "inquire": "ask about {}",
    "request": "ask for {}",
    "report": "report a problem: {}",
    "complain": "complain about {}",
    "provide": "give details: {}",
    "ask": "ask the other side for {}",
    "offer": "offer {}",
    "confirm": "confirm {}",
    "apologize": "apologize: {}",
    "greet": "greet: {}",
    "thank": "say thanks: {}",
    "goodbye": "say goodbye: {}",
    "affirm": "say yes: {}",
    "deny": "say no: {}",
    "about": "speak of {}",
}


def title_of(action: str, objective: str, language: str) -> str:
    """A short title in the language of the logs: in another than English, the objective alone."""
    if language not in (ENGLISH, UNKNOWN):
        return objective
    title = _TITLES.get(action, f"{action} {{}}").replace("{}", objective)
    return title[:1].upper() + title[1:]


def description_of(
    who: str, action: str, objective: str, telling: Sequence[str], apart: str
) -> str:
    """One sentence, in English around the words of the logs.

    Args:
        who: speaks: `Customers`. telling: phrases that are often said here.
        apart: the word that tells it from the nearest cluster most; empty for none.
    """
    does = _DOES.get(action, f"want to {action} {{}}").replace("{}", objective)
    said = " and ".join(f"“{one}”" for one in telling)
    more = f", often saying {said}" if said else ""
    told = f"; “{apart}” tells it from what is nearest" if apart else ""
    return f"{who} {does}{more}{told}."
