"""Electronic contacts: e-mail addresses, URLs, IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from turnwise.privacy.spans import Span

# Top-level domains that a bare "shop.example" may end in. Those that are also English words
# (in, it, is, me, no, so, to, us) are left out: "thanks.it" is a missing space, not a site.
_TOP = (
    "com|org|net|edu|gov|info|biz|app|dev|shop|store|online|site|xyz|cloud|tech|io|ai|tv|"
    "co|uk|de|fr|es|nl|ch|ca|au|nz|jp|cn|br|mx|pl|se|dk|eu|ie|example|test|invalid"
)
# The look-behind lets a match begin only where a run of such characters begins: linear time.
_EMAIL = re.compile(
    r"(?<![\w.%+*\-@])[\w.%+*\-]{1,64}@"
    r"[^\W_](?:[\w\-]{0,62})(?:\.[^\W_][\w\-]{0,62}){1,8}"
)
_SPOKEN_EMAIL = re.compile(
    r"(?<![\w.])[\w.\-]{1,64}\s?(?:\bat\b|\(at\)|\[at\])\s?[\w\-]{1,63}"
    rf"\s?(?:\bdot\b|\(dot\)|\[dot\])\s?(?:{_TOP})\b"
    rf"|(?<![\w.])[\w.\-]{{1,64}}\s?[(\[]at[)\]]\s?[\w\-]{{1,63}}\.(?:{_TOP})\b",
    re.IGNORECASE,
)
_URL = re.compile(
    r"(?<![\w@])(?:(?:https?|ftp)://[^\s<>\"\ue000]+|www\.[^\s<>\"\ue000]+"
    rf"|(?<!\.)(?:[^\W_][\w\-]{{0,62}}\.){{1,6}}(?:{_TOP})(?![\w@\-])(?!\.[^\W_])"
    r"(?::[0-9]{1,5})?(?:[/?#][^\s<>\"\ue000]*)?)",
    re.IGNORECASE,
)
_URL_HINT = re.compile(r"://|\.[A-Za-z]{2}")
_SPOKEN_HINT = re.compile(r"\bdot\b|[(\[]at[)\]]", re.IGNORECASE)
_CLOSING = ".,;:!?'\"’”)]}*"

_IP4 = re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?!\.?\w)")
_IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?![\w:])")
_VERSION_CUE = re.compile(
    r"\b(?:version|firmware|build|release|software|update|driver|v)\.?\s*(?:number|is|to|:)?\s*$",
    re.IGNORECASE,
)


def find_emails(text: str) -> Iterator[Span]:
    """Yield e-mail addresses, spelt out ("dana at example dot com") as well."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            address = match[0].rstrip("-_").lstrip(".-*")
            start = match.start() + match[0].index(address)
            yield Span(start, start + len(address), "email", address)
    if _SPOKEN_HINT.search(text):
        for match in _SPOKEN_EMAIL.finditer(text):
            yield Span(*match.span(), "email", match[0])


def find_urls(text: str) -> Iterator[Span]:
    """Yield URLs, with a scheme, with www., or bare ones of a well-known top-level domain."""
    if not _URL_HINT.search(text):
        return
    for match in _URL.finditer(text):
        end = match.start() + len(match[0].rstrip(_CLOSING))
        if end - match.start() > 3:
            yield Span(match.start(), end, "url", text[match.start() : end])


def find_ips(text: str) -> Iterator[Span]:
    """Yield IP addresses, versions 4 and 6; a version number behind its word is none."""
    for match in _IP4.finditer(text) if text.count(".") > 2 else ():
        before = text[max(0, match.start() - 30) : match.start()]
        if _is_ip(match[0]) and not _VERSION_CUE.search(before):
            yield Span(*match.span(), "ip", match[0])
    for match in _IP6.finditer(text) if text.count(":") > 1 else ():
        # Three groups at least: "a::b" is more often a typing habit than a host.
        if sum(map(bool, match[0].split(":"))) > 2 and _is_ip(match[0]):
            yield Span(*match.span(), "ip", match[0])


def _is_ip(candidate: str) -> bool:
    try:
        ipaddress.ip_address(candidate)
    except ValueError:
        return False
    return True
