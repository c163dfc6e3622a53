"""Numbers that point at a person: bank accounts, cards, telephones, orders and the like.

Order-like numbers have no checksum. They are told from prices, dates, sizes and model names by
their length, by the mix of letters, digits and dashes, and by a word such as "order" or
"serial" before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from turnwise.privacy.spans import Span

_IBAN = re.compile(r"(?<![\w\-])[A-Za-z]{2}[0-9]{2}(?:[ \-]?[A-Za-z0-9]){11,30}(?!\w)")
# Whole runs of digit groups, with what people put between them. Each character can only be
# read one way, so a run is matched without backtracking.
_RUN = re.compile(r"[0-9]+(?:(?:\)[ \-]?|[ \-]\(|[ \-.‑–/])[0-9]+)*")
# From its first digit; what stands before that is read backwards, so that plain words cost nothing.
_CODE = re.compile(r"[0-9][A-Za-z0-9]*(?:[\-‑–/_][A-Za-z0-9]+)*")
_CODE_BEFORE = re.compile(r"(?:[A-Za-z]+[\-‑–/_])*[A-Za-z]*$")
_LETTERS_BEFORE = re.compile(r"(?<![\w\-])[A-Za-z]{1,3} $")  # "order lk 2291-70418"
_LETTER_OR_DASH = re.compile(r"[A-Za-z\-‑–/_]")
_BEFORE_RUN = re.compile(r"[\w.,$€£¥₹]")
_AFTER_RUN = re.compile(r"[\w%°]")
_GLUED_BEFORE = re.compile(r"[\w\-‑–.@/+$]$")
_GLUED_AFTER = re.compile(r"[\w@+]|[.:][0-9]")
_NO_PREFIX = {"is", "no", "nr", "on", "in", "at", "by", "of", "to", "for", "the", "and", "was"}
_NO_PREFIX |= {"it", "its", "my", "a", "an", "or", "so", "as", "are", "has"}
_GROUPS = re.compile(r"[A-Za-z0-9]{1,8}(?: [A-Za-z0-9]{1,8}){1,7}(?![\w\-])")

_THING = (
    r"orders?|tracking|serials?|accounts?|acct|cases?|tickets?|refs?|references?|confirmation|"
    r"invoices?|claims?|bookings?|reservations?|parcels?|shipments?|gift[ \-]?cards?|vouchers?|"
    r"customer|membership|member|policy|imei|receipts?|returns?|rma|reviews?|incidents?|"
    r"transactions?|registration|licen[cs]e|passport|contract|meter|trade-?ins?|request|"
    r"slip|docket|consignment|pnr|repair|s/n|sn|waybill|awb|complaint|enquiry|inquiry|purchase|"
    r"authori[sz]ation|student|employee|badge|vin|subscription|plate|"
    r"report|label|redemption|activation|verification|passcode|"
    r"bestell\w{0,12}|rechnungs?\w{0,8}|kunden\w{0,8}|sendungs?\w{0,8}|commande|pedido|factura"
)
_FILLER = (
    r"(?:number|numbers|no|num|nr|nummer|numéro|número|id|code|codes|pin|is|was|it['’]?s|are|and|"
    r"the|my|a|called|reads|says|for|of|under)"
)
# Read on the few characters before a candidate, hence the anchor at the end.
_CUE = re.compile(
    rf"(?:\b(?:{_THING})\b(?:[\s:#,.°=\-]{{1,3}}(?:{_FILLER}\b)?){{0,5}}|#\s?)$", re.IGNORECASE
)
_NO_CUE = re.compile(
    r"\b(?:error|err|fault|model|part|promo|promotional|coupon|discount|channel|version|build|"
    r"season|episode|page|firmware|article|item|sku|message|ending(?: in)?|last (?:four|4))\b"
    r"(?:[\s:#,.(\"'“]{1,3}(?:code|codes|number|no|nr|is|was|says|reads|message|name|digits)?\b){0,3}"
    r"[\s:#(\"'“]{0,3}$",
    re.IGNORECASE,
)
_PHONE_CUE = re.compile(
    r"\b(?:call|phone|telephone|mobile|cell|tel|text|texted|sms|whatsapp|reach|contact|fax|"
    r"number|landline|ring|dial|handy|telefon|téléphone|teléfono|rufnummer)\b[^.!?]{0,25}$",
    re.IGNORECASE,
)
_PHONE_SAID = re.compile(
    r"\b(?:phone|telephone|mobile|cell|tel|ph|fax|whatsapp)\b\.?(?:\s?(?:number|no|nr)\b\.?)?"
    r"(?:\s(?:is|was))?[\s:#]{0,3}$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    rf"\b(?:{_THING})\b[^?.!]{{0,30}}\b(?:number|no\.|id|code)\b"
    rf"|\b(?:number|id|code)\b[^?.!]{{0,25}}\b(?:{_THING})\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\?|\b(?:please|may i|could you|can you|share|provide|send me|give me|tell me|what)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<![0-9])(?:[0-9]{1,2}[\-./–][0-9]{1,2}[\-./–](?:[0-9]{2}){1,2}"
    r"|(?:19|20)[0-9]{2}[\-./–][0-9]{1,2}(?:[\-./–][0-9]{1,2})?)(?![0-9])"
)
_BARE_DATE = re.compile(  # 25082018, 20180825
    r"(?:[0-3][0-9][01][0-9]|[01][0-9][0-3][0-9])(?:19|20)[0-9]{2}"
    r"|(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]"
)
_DATED = re.compile(
    r"(?:^|[\-‑–/0-9])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}(?:$|[\-‑–/0-9])",
    re.IGNORECASE,
)
_MEASURE = re.compile(  # 1920x1080, 20000mAh, 120000 USD
    r"[0-9]+x[0-9]+(?:x[0-9]+)?p?|[0-9]+(?:[mkgt]?(?:b|bps|hz|w|wh|ah|g|m|l)|mah|btu|[ckm]m|px|dpi"
    r"|lbs?|usd|eur|gbp|k|th|st|nd|rd|ms|s|hrs?|min|am|pm|rpm|ppm|lm|dpi)",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\s?(?:dollars?|usd|euros?|eur|pounds?|gbp|rupees?|inr|cents?|bucks|views?|people|users?|"
    r"points?|miles|km|bytes|[kmgt]b|steps|times|followers|songs|hours?|minutes?|seconds?|%|€|£|₹)",
    re.IGNORECASE,
)
_LOCAL_PHONE = re.compile(r"[0-9]{3}[\-.‑–][0-9]{4}")  # North America, within an area
_NANP_PHONE = re.compile(
    r"(?:\+?1[ .\-])?(?:\([2-9][0-9]{2}\) ?-?|[2-9][0-9]{2}[ .\-])[0-9]{3}[ .\-][0-9]{4}"
)
_TRUNK_PHONE = re.compile(r"\(?0[1-9][0-9]{0,5}\)?(?:[ \-/.][0-9]{2,8}){1,4}")  # 0 + area + number
_NANP = {"", "US", "CA"}


def asks_for_number(text: str) -> bool:
    """Whether a turn asks for an order-like number, so that a bare one may be the answer."""
    return _ASKS.search(text) is not None and _QUESTION.search(text) is not None


def find_ibans(text: str) -> Iterator[Span]:
    """Yield International Bank Account Numbers whose check digits and length are right."""
    for match in _IBAN.finditer(text):
        from stdnum import iban

        candidate = match[0]
        while len(candidate) > 14:  # words after the number may look like its last groups
            if iban.is_valid(candidate):
                yield Span(match.start(), match.start() + len(candidate), "iban", candidate)
                break
            cut = max(candidate.rfind(" "), candidate.rfind("-"))
            candidate = candidate[:cut] if cut > 0 else ""


def find_codes(text: str, asked: bool) -> Iterator[Span]:
    """Yield order-like numbers that hold a letter: LK-5520-7714, "serial G0W2 7K11 0394 LM"."""
    at = 0
    for match in _CODE.finditer(text):
        start = _start_of_code(text, match.start())
        digits = sum(map(str.isdigit, match[0]))
        if (
            start < at
            or digits < 2
            or (digits < 4 and not any(map(str.isalpha, text[start : match.end()])))
        ):
            continue
        if _GLUED_BEFORE.search(text[start - 1 : start]) or _GLUED_AFTER.match(text, match.end()):
            continue
        if _NO_CUE.search(text, max(0, start - 45), start):
            continue
        cued = asked or _is_cued(text, start)
        if cued or _is_cued(text, start - 3) or _is_cued(text, start - 4):
            letters = _LETTERS_BEFORE.search(text, max(0, start - 5), start)
            if letters and letters[0].strip().lower() not in _NO_PREFIX:
                start, cued = letters.start(), True
        end = max(_end_of_groups(text, start) if cued else 0, match.end())
        code = text[start:end]
        if _is_code(code, cued, 4 if asked else 3) and not _COUNTED.fullmatch(text[end : end + 8]):
            yield Span(start, end, "order", code)
            at = end


def _start_of_code(text: str, first_digit: int) -> int:
    if not first_digit or not _LETTER_OR_DASH.match(text, first_digit - 1):
        return first_digit
    before = _CODE_BEFORE.search(text[max(0, first_digit - 20) : first_digit])
    return first_digit - len(before[0]) if before else first_digit


def _is_cued(text: str, start: int) -> bool:
    if start < 1:
        return False
    before = text[max(0, start - 45) : start]
    return _CUE.search(before) is not None and _NO_CUE.search(before) is None


def _end_of_groups(text: str, start: int) -> int:
    match = _GROUPS.match(text, start)
    if not match:
        return start
    groups = list(takewhile(_is_group, match[0].split(" ")))
    if len(groups) > 1 and groups[-1].isalpha() and len(groups[-1]) < 2:
        groups.pop()
    return start + len(" ".join(groups)) if sum(map(_has_digit, groups)) > 1 else start


def _is_group(text: str) -> bool:
    return _has_digit(text) or text.isupper()


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _is_code(code: str, cued: bool, least: int) -> bool:
    parts = re.split(r"[\-‑–/_ ]", code)
    digits = sum(character.isdigit() for character in code)
    if digits == len(code) or not any(c.isalpha() for c in code):
        return False  # left to find_runs
    if _DATE.search(code) or _DATED.search(code) or _MEASURE.fullmatch(code):
        return False
    if any(len(part) > 3 and part.isalpha() and not part.isupper() for part in parts):
        return False  # a word: covid-19-2020, mid-2019-2020
    if cued and (digits >= least or (least < 4 and digits == 2 and "-" in code)):
        return len(code) >= 5
    runs = re.findall("[0-9]+", code)
    if all(re.fullmatch("(?:19|20)[0-9]{2}", run) for run in runs):
        return False  # years
    longest = max(map(len, runs))
    if re.fullmatch("[A-Za-z]{1,4}[0-9]{7,}", code):
        return True
    if len(parts) == 1:
        return digits >= 6 and len(code) >= 8 and not any(c.islower() for c in code)
    return digits >= 5 and (longest >= 5 or len(parts) > 2) and longest > 2


def find_runs(text: str, region: str, asked: bool) -> Iterator[Span]:
    """Yield cards, telephone numbers and order-like numbers among the runs of digits."""
    for match in _RUN.finditer(text):
        if len(match[0]) < 4 or len(re.findall("[0-9]", match[0])) < 4:
            continue
        start, end = match.span()
        while start and text[start - 1] in "+(" and match.start() - start < 2:
            start -= 1
        run = text[start:end]
        if run.startswith("(") and ")" not in run:
            start, run = start + 1, run[1:]
        if _BEFORE_RUN.search(text[start - 1 : start]) or _AFTER_RUN.match(text, end):
            continue
        if _COUNTED.match(text, end) and not run.startswith(("+", "0", "(")):
            continue
        yield from _classify(text, start, run, region, asked)


def _classify(text: str, start: int, run: str, region: str, asked: bool) -> Iterator[Span]:
    end = start + len(run)
    if _is_card(run):
        yield Span(start, end, "card", run)
        return
    if _DATE.search(run):
        return
    cued = asked or _is_cued(text, start)
    bare = run.isdigit()
    if not (cued and bare) and _is_phone(run, region, text[max(0, start - 40) : start]):
        yield Span(start, end, "phone", run)
    elif _is_number(run, cued, explicit=cued and not asked):
        yield Span(start, end, "order", run)
    else:  # a telephone number behind a count: "2 555-0188"
        for inner in re.finditer(
            rf"(?<![0-9\-])(?:{_NANP_PHONE.pattern}|{_LOCAL_PHONE.pattern})(?![0-9\-])", run
        ):
            yield Span(start + inner.start(), start + inner.end(), "phone", inner[0])


def _is_card(run: str) -> bool:
    digits = re.sub("[^0-9]", "", run)
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or re.search("[./()+]", run):
        return False
    from stdnum import luhn

    return bool(luhn.is_valid(digits))


def _is_phone(run: str, region: str, before: str) -> bool:
    digits = len(re.findall("[0-9]", run))
    if not 7 <= digits <= 15:
        return False
    if run.startswith(("+", "(+")):
        return True
    if _LOCAL_PHONE.fullmatch(run) or (region in _NANP and _NANP_PHONE.fullmatch(run)):
        return True
    if digits >= 9 and _TRUNK_PHONE.fullmatch(run):
        return True
    if _PHONE_SAID.search(before):
        return True
    cued = _PHONE_CUE.search(before) is not None
    if digits < 9 and not cued:
        return False
    return _is_dialled(run, region, cued)


def _is_dialled(run: str, region: str, cued: bool) -> bool:
    """Whether the numbering plan of a region, or the international one, has such a number."""
    import phonenumbers

    if not region and not run.startswith("00"):
        return cued and "." not in run
    written = "+" + run[2:] if run.startswith("00") else run
    try:
        number = phonenumbers.parse(written, region or None)
    except phonenumbers.NumberParseException:
        return False
    plausible = phonenumbers.is_possible_number if cued else phonenumbers.is_valid_number
    return bool(plausible(number)) and ("." not in run or cued)


def _is_number(run: str, cued: bool, explicit: bool) -> bool:
    if re.search(r"[./()+]", run):
        return False
    groups = re.findall("[0-9]+", run)
    digits = sum(map(len, groups))
    if cued:
        return digits >= (4 if explicit and not re.fullmatch("(?:19|20)[0-9]{2}", run) else 5)
    if len(groups) == 1:
        return digits >= 7 and not _BARE_DATE.fullmatch(run)
    return " " not in run and digits >= 8 and (max(map(len, groups)) >= 6 or digits >= 12)


def same_number(kind: str, text: str, region: str) -> str:
    """A form of a number that is the same for all spellings of it."""
    plain = re.sub(r"[\W_]", "", text).casefold()
    if kind != "phone":
        return plain
    written = text.strip()
    if region in {"US", "CA"} and len(plain) == 10 and plain.isdigit():
        return "1" + plain
    if region and not written.startswith(("+", "(+", "00")) and len(plain) > 7:
        return _international(written, region) or plain
    return plain.removeprefix("00")


def _international(text: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    return f"{number.country_code}{number.national_number}"
