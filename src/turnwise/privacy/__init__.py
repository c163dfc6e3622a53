"""Redaction of personal data: what must not be stored is replaced by typed placeholders.

    "It's dana@example.com, order LK-5520-7714"  ->  "It's [EMAIL_1], order [ORDER_1]"

Within a conversation the same value, however it is spelt, gets the same placeholder, so that
what a model learns from (who is meant, which order) stays and the value goes. Patterns find
candidates; where a kind of number has a checksum or a numbering plan, that decides: Luhn for
cards (ISO/IEC 7812-1), mod 97 for IBANs (ISO 13616), the `phonenumbers` library for telephone
numbers. All patterns take time linear in the text.

    spans      what a finding is, and placeholders
    contacts   e-mail addresses, URLs, IP addresses
    numbers    IBANs, cards, telephone numbers, order-like numbers
    addresses  street addresses
    names      stated names, and the words in words.py that are none
    redactor   the whole of it, over a conversation

The cues are English, with the commonest forms of German, French and Spanish. Names are found
where somebody states or is greeted by one; a name that is merely mentioned is not.
"""

from turnwise.privacy.redactor import Redactor
from turnwise.privacy.spans import KINDS, Kind, Span

__all__ = ["KINDS", "Kind", "Redactor", "Span"]
