"""Claims about redaction: what goes, what stays, and that a second time changes nothing."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Role, Turn
from turnwise.privacy import KINDS, Redactor

REDACTOR = Redactor()


def redacted(text: str, role: Role = "customer", region: str = "US") -> str:
    return REDACTOR.redact_text(text, role, region)[0]


def conversation(*turns: tuple[Role, str], market: str = "US") -> Conversation:
    return Conversation("c-1", tuple(Turn(role, text) for role, text in turns), market=market)


def texts(*turns: tuple[Role, str]) -> list[str]:
    return [turn.text for turn in REDACTOR.redact(conversation(*turns))[0].turns]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail 'dana.o@example.co.uk'.", "mail '[EMAIL_1]'."),
        ("it is <x_y+z@mail.example.org>", "it is <[EMAIL_1]>"),
        ("dana at example dot com", "[EMAIL_1]"),
        ("see https://example.com/a?b=c), ok", "see [URL_1]), ok"),
        ("on www.foo.example. Then", "on [URL_1]. Then"),
        ("at shop.example.co.uk!", "at [URL_1]!"),
        ("from 192.168.0.1 and 2001:db8::ff00:42:8329", "from [IP_1] and [IP_2]"),
        ("order LK-5520-7714 and TI-660291", "order [ORDER_1] and [ORDER_2]"),
        ("tracking 1Z999AA10123456784", "tracking [ORDER_1]"),
        ("order #1234, case 00123456", "order #[ORDER_1], case [ORDER_2]"),
        ("serial G0W2 7K11 0394 LM", "serial [ORDER_1]"),
        ("order lk 2291-70418", "order [ORDER_1]"),
        ("serial g0w2 7k11 0394 of my tv", "serial [ORDER_1] of my tv"),
        ("gift card code ABCD-1234-EFGH-5678", "gift card code [ORDER_1]"),
        ("Bestellnummer 4711-2233", "Bestellnummer [ORDER_1]"),
    ],
)
def test_contacts_and_order_like_numbers_go(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    ("region", "number"),
    [
        ("", "+44 20 7946 0958"),
        ("GB", "07700 900123"),
        ("DE", "030 901820"),
        ("DE", "0151 23456789"),
        ("", "+49 (0)30 901820"),
        ("US", "(555) 010-0199"),
        ("US", "555-0199"),
        ("US", "1-800-555-0199"),
        ("IN", "98765 43210"),
        ("AU", "0412 345 678"),
    ],
)
def test_telephone_numbers_go_in_the_form_of_their_country(region: str, number: str) -> None:
    assert redacted(f"you can call {number}, thanks", region=region) == (
        "you can call [PHONE_1], thanks"
    )


@pytest.mark.parametrize(
    "address",
    [
        "1180 Juniper Row Apt 6, Tulsa OK 74105",
        "Flat 4B, 16 Marigold Lane, London SW1A 1AA",
        "221B Baker Street",
        "3/27 Bottlebrush Cres",
        "1190 Gordon St unit 12, Guelph ON",
        "Musterstraße 12a, 10115 Berlin",
        "Lange Straße 7",
        "12 rue de la Paix, 75002 Paris",
        "Calle Mayor 5",
        "P.O. Box 1234",
    ],
)
def test_street_addresses_go_whole(address: str) -> None:
    assert redacted(f"it goes to {address}, please") == "it goes to [ADDRESS_1], please"


def test_an_address_that_was_asked_for_needs_no_capitals() -> None:
    answer = texts(("bot", "Which address should I deliver to?"), ("customer", "418 alder court"))
    assert answer[1] == "[ADDRESS_1]"


@pytest.mark.parametrize(
    "number",
    ["4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "5555555555554444"],
)
def test_a_card_is_a_number_that_passes_luhn(number: str) -> None:
    assert redacted(f"card {number} exp 12/26") == "card [CARD_1] exp 12/26"
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert "CARD" not in redacted(f"card {wrong} exp 12/26")


@pytest.mark.parametrize(
    "number",
    ["DE89 3704 0044 0532 0130 00", "de89370400440532013000", "GB82WEST12345698765432"],
)
def test_an_iban_is_a_number_that_passes_mod_97(number: str) -> None:
    assert redacted(f"{number} is my account") == "[IBAN_1] is my account"
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert "IBAN" not in redacted(f"{wrong} is my account")


@pytest.mark.parametrize("text", ["300.1.1.1 times", "at 12:30:45", "firmware 10.0.0.1", "a::b"])
def test_an_ip_address_must_be_one(text: str) -> None:
    assert redacted(text) == text


STAYS = """
    it costs $1,299.99 and arrived on 2024-01-09 at 10:45
    the 50 inch tv shows 1920x1080 at 60Hz, model WH-1000XM4
    I bought 2 of them in 2019 for 1000000 rupees
    my galaxy S21 Ultra 256GB with 8GB RAM
    from 12/11/2023 to 01/12/2023, 3-5 business days
    we have 12,500 songs and 20000mAh
    error code E-204 on firmware 12.4.1.2
    season 3 episode 12 at 7.30 pm
    I'm Sorry to hear that. I'm Done.
    This is Ridiculous! This is Netflix support
    I'm not happy, this is terrible
    Thanks, Have a great day! Thank you, Sir.
    Hello There! Hi Team,
    nobody here can help. Same here. Click here
    my name is not on the account
    my name is spelled wrong
    2 TB hard drive and 5 minutes down the road, 3 way call
    1 Hard Drive, 4 Google Drive accounts
    call me back at 5 please
    Hold the button for 10 seconds while standing close, at home
    iPhone 14 Pro Max 512 GB, RTX 3080 Ti, H.264, 802.11ac
    I paid 19.99 + 4.50 = 24.49, half of 128 GB, 1/2 price
    sizes 10 30 32 34 and 8.5 x 11 paper; 37.5°C
    ends in 0117, last four digits 4412
    thanks.it works, ok.so what
    from 2019-2021 and 2020 to 2023, mid-2019-2020
    promo code SAVE20 WELCOME2024
    travel date 25082018
    I am Canadian. this is Monday.
    hello im locked out, hi this is urgent!
"""


@pytest.mark.parametrize("text", [line.strip() for line in STAYS.strip().splitlines()])
@pytest.mark.parametrize("role", ["customer", "agent"])
def test_what_intents_are_learnt_from_stays(text: str, role: Role) -> None:
    assert redacted(text, role) == text


@pytest.mark.parametrize(
    ("role", "text", "expected"),
    [
        (
            "customer",
            "my name is dana o'neil and I need help",
            "my name is [NAME_1] and I need help",
        ),
        ("customer", "Hi, this is Jean-Luc Picard calling", "Hi, this is [NAME_1] calling"),
        ("customer", "Mein Name ist Jörg Müller.", "Mein Name ist [NAME_1]."),
        ("customer", "Dana here, I need help", "[NAME_1] here, I need help"),
        ("customer", "hi im tobias, need help", "hi im [NAME_1], need help"),
        ("customer", "Mr. van der Berg called", "Mr. [NAME_1] called"),
        ("customer", "my sister Lorraine has it", "my sister [NAME_1] has it"),
        ("agent", "Hi Dana, this is Teo from games.", "Hi [NAME_1], this is [NAME_2] from games."),
        ("agent", "Thanks, Marco. One moment", "Thanks, [NAME_1]. One moment"),
        ("agent", "You're chatting with Yolanda.", "You're chatting with [NAME_1]."),
        ("agent", "Larkspur chat, Rufus speaking.", "Larkspur chat, [NAME_1] speaking."),
        ("bot", "Hi, I'm Robo. How can I help?", "Hi, I'm Robo. How can I help?"),
    ],
)
def test_names_go_where_they_are_stated(role: Role, text: str, expected: str) -> None:
    assert redacted(text, role) == expected


def test_a_name_goes_as_the_answer_to_the_question_for_it() -> None:
    asked: tuple[Role, str] = ("agent", "May I have your full name and order number?")
    answer = texts(asked, ("customer", "walter pruitt, LK-2203-1187"))[1]
    assert answer == "[NAME_1], [ORDER_1]"
    assert texts(asked, ("customer", "not sure"))[1] == "not sure"


def test_a_stated_name_is_found_again_in_its_conversation_and_in_no_other() -> None:
    turns = texts(
        ("agent", "Hello, my name is Teo Marin."),
        ("customer", "thank you teo"),
        ("agent", "Teo's pleasure."),
    )
    assert turns == ["Hello, my name is [NAME_1].", "thank you [NAME_1]", "[NAME_1]'s pleasure."]
    assert texts(("customer", "thank you teo")) == ["thank you teo"]


def test_a_name_that_is_a_word_goes_only_where_it_is_a_name() -> None:
    turns = texts(
        ("agent", "Hello, my name is Mark."),
        ("customer", "the mark on the screen, Mark, will stay"),
    )
    assert turns[1] == "the mark on the screen, [NAME_1], will stay"


def test_one_value_has_one_placeholder_however_it_is_spelt() -> None:
    turns = texts(
        ("customer", "Dana@Example.com, 408-555-0123, lk-5520-7714"),
        ("agent", "dana@example.com, (408) 555 0123, LK-5520-7714; and eli@example.com"),
    )
    assert turns == [
        "[EMAIL_1], [PHONE_1], [ORDER_1]",
        "[EMAIL_1], [PHONE_1], [ORDER_1]; and [EMAIL_2]",
    ]


def test_numbers_pass_over_the_placeholders_that_are_there() -> None:
    turns = texts(("customer", "[EMAIL_1] and a@example.com"), ("agent", "[EMAIL_2]?"))
    assert turns == ["[EMAIL_1] and [EMAIL_3]", "[EMAIL_2]?"]


def test_what_else_a_conversation_holds_is_kept_and_findings_are_counted() -> None:
    turn = Turn("customer", "a@example.com b@example.com", {"domain": ("Music",)}, (3, 4))
    before = Conversation("c-1", (turn,), locale="en-GB", meta={"split": "train"})
    after, counts = REDACTOR.redact(before)
    assert after.turns == (Turn("customer", "[EMAIL_1] [EMAIL_2]", turn.gold, turn.messages),)
    assert (after.id, after.locale, after.meta) == (before.id, before.locale, before.meta)
    assert counts == Counter(email=2)


def test_a_conversation_without_personal_data_comes_back_as_it_is() -> None:
    clean = conversation(("customer", "my lamp flickers"), ("agent", "Is the bulb tight?"))
    after, counts = REDACTOR.redact(clean)
    assert after is clean
    assert not counts


PIECES = st.sampled_from(
    """my name is|Dana|dana here|this is|Hi|Thanks,|I'm|Mr.|a@example.com|dana.f@example.org|
    555-0199|+44 20 7946 0958|order|LK-5520-7714|G0W2 7K11|4111 1111 1111 1111|DE89|3704|0044|12|
    Main Street|Apt 6|www.example.com|192.168.0.1|[NAME_1]|[EMAIL_2]|[PHONE_|_1]|[|]|.|,|-|#|@|
    what is your name?|order number?|address|court|will|İ|ß|é|2024|x|7|\n|at a dot com""".replace(
        "\n    ", ""
    ).split("|")
)
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=12).map(" ".join) | st.lists(
    PIECES, max_size=8
).map("".join)
TURNS = st.tuples(st.sampled_from(["customer", "agent", "bot"]), TEXTS)


@settings(max_examples=400, deadline=None)
@given(st.lists(TURNS, max_size=5), st.sampled_from(["", "US", "GB", "DE"]))
def test_a_second_redaction_changes_nothing(turns: list[tuple[Role, str]], market: str) -> None:
    once, _ = REDACTOR.redact(conversation(*turns, market=market))
    twice, counts = REDACTOR.redact(once)
    assert twice is once
    assert not counts


@settings(max_examples=150, deadline=None)
@given(st.lists(TURNS, max_size=5))
def test_findings_lie_apart_and_in_order_within_their_turn(turns: list[tuple[Role, str]]) -> None:
    talk = conversation(*turns)
    for turn, spans in zip(talk.turns, REDACTOR.find(talk), strict=True):
        assert all(turn.text[span.start : span.end] == span.text for span in spans)
        assert all(a.end <= b.start for a, b in pairwise(spans))
        assert all(span.kind in KINDS and span.text for span in spans)


@settings(max_examples=100, deadline=None)
@given(st.lists(TURNS, max_size=5))
def test_redaction_is_deterministic(turns: list[tuple[Role, str]]) -> None:
    assert Redactor().redact(conversation(*turns)) == Redactor().redact(conversation(*turns))


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "1 ",
        "1-",
        "a-",
        "a1-",
        "A1 ",
        "a@",
        "a.",
        ":",
        "1.",
        "1/2 ",
        "DE89 ",
        "DE89",
        "my name is ",
        "Dana here, ",
        "1 Main ",
        "order 1 ",
        "+1 ",
        "[NAME_",
        "O'",
        " dot ",
        "I'm ",
    ],
)
def test_a_hostile_turn_of_50000_characters_ends(piece: str) -> None:
    # No clock: a quadratic pattern would take minutes here, an exponential one for ever.
    assert redacted((piece * 50_000)[:50_000], "agent")
