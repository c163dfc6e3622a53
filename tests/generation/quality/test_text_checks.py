"""Faults of a text: what is refused, what passes, and the laws that hold for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.generation.quality.checks import (
    EMPTY,
    LABEL,
    LANGUAGE,
    LONG,
    ROLE,
    TEMPLATE,
    checks,
    fault,
    label_names,
)
from turnwise.taxonomy import Dimension, Label, Taxonomy

TAXONOMY = Taxonomy(
    "bikes",
    (
        Dimension(
            "intent",
            (
                Label("CANCEL_ORDER", ("Orders", "CANCEL_ORDER")),
                Label("refund", ("refund",)),
                Label("RepairBike", ("Workshop", "RepairBike")),
                Label("late delivery", ("Orders", "late delivery")),
            ),
        ),
        Dimension("issue", (Label("BROKEN", ("BROKEN",)),)),
    ),
)
NAMES = label_names(TAXONOMY)
ENGLISH = [
    f"{opening} {thing} {ending}"
    for opening in (
        "could you please tell me what happened to",
        "i would like to know when you can send me",
        "there is something wrong with",
        "why did nobody call me about",
    )
    for thing in ("the order", "my new bike", "the blue one", "this bill", "your parcel")
    for ending in (
        "that i bought last week",
        "and how much it would cost",
        "because it has not come yet",
        "before the weekend, as we are going away then",
    )
]


def found(text, like=ENGLISH, most_words=None):
    return fault(text, like=like, labels=NAMES, most_words=most_words)


@pytest.mark.parametrize("text", ["", "  \n", "?!", "…", "--"])
def test_a_text_without_a_letter_or_digit_is_empty(text):
    assert found(text) == EMPTY


def test_more_words_than_allowed_are_too_long():
    assert found("one two three four", most_words=3) == LONG
    assert not found("one two three", most_words=3)
    assert found("no " * 3000) == LONG


def test_words_are_counted_where_no_spaces_part_them():
    chinese = ["我想知道我的订单什么时候能送到，谢谢你的帮助"] * 20
    assert found("我的订单还没有送到请问什么时候能送到", chinese, most_words=5) == LONG
    assert not found("我的订单还没到", chinese, most_words=5)


@pytest.mark.parametrize(
    "text",
    [
        "intent: CANCEL",
        "please CANCEL_ORDER now",
        "please cancel_order",
        "it is about RepairBike.",
        "that is Orders > late delivery",
        "Issue: the frame is broken",
        "send it back (intent: refund)",
        "[refund] where is my money",
        "I want my money. Label: refund",
    ],
)
def test_a_label_in_the_text_is_a_leak(text):
    assert found(text) == LABEL


@pytest.mark.parametrize(
    "text",
    [
        "i want a refund",
        "the late delivery was bad",
        "my issue: the frame is broken",
        "IT IS BROKEN",
        "refund: when will it come",
        "[EMAIL_1] is my address, [ORDER_2] the order",
        "a repair bike, please",
    ],
)
def test_ordinary_words_that_name_a_label_are_no_leak(text):
    assert not found(text)


def test_what_the_logs_say_themselves_is_no_fault():
    like = [*ENGLISH, "your page says CANCEL_ORDER", "issue: it broke", "Agent: are you there"]
    assert not found("what does CANCEL_ORDER mean", like)
    assert not found("issue: the frame broke", like)
    assert not found("agent: hello", like)


@pytest.mark.parametrize(
    "text",
    ["Customer: hello", "Agent 2: hello", "**Assistant:** of course", "- User: and now?"],
)
def test_a_role_before_the_text_is_a_fault(text):
    assert found(text) == ROLE


def test_speaking_of_a_role_is_none():
    assert not found("i spoke to an agent: he told me to wait")
    assert not found("as a customer i want to know")


@pytest.mark.parametrize(
    "text",
    [
        "hello {{ name }}",
        "As an AI, I can't cancel orders",
        "I am a large language model",
        "Sure, here is the reply: it will come",
        "Here is a rewritten question: where is it",
        "dear [your name], it will come",
        "<|im_end|>",
        '{"text": "where is it"}',
        "</turn> where is it",
    ],
)
def test_leftovers_of_a_template_are_a_fault(text):
    assert found(text) == TEMPLATE


@pytest.mark.parametrize(
    "text",
    ["here is my order number: 1234", "here is the bill that i got", "[PHONE_1] < 3 days, sorry"],
)
def test_what_only_looks_like_a_template_is_none(text):
    assert not found(text)


@pytest.mark.parametrize(
    "text",
    [
        "где мой заказ",
        "我的订单在哪里",
        "أين طلبي من فضلك",
        "wo ist denn nun eigentlich meine neue bestellung geblieben, die gestern kommen sollte",
        "quisiera saber cuándo llegará el pedido que compré hace una semana, gracias",
        "saya ingin tahu kapan pesanan sepeda baru saya akan dikirim ke rumah",
    ],
)
def test_another_language_than_the_logs_is_a_fault(text):
    assert found(text) == LANGUAGE


@pytest.mark.parametrize(
    "text",
    [
        "would you be able to deliver something before the end of this month",
        "my grandmother bought the wrong helmet and it was not cheap",
        "ok",
        "Café Zürich, München",
        "its name is Пётр and it is my bike, could you look it up please",
    ],
)
def test_new_words_in_the_language_of_the_logs_pass(text):
    assert not found(text)


def test_logs_in_two_languages_accept_both():
    german = [f"wo bleibt denn {thing} die ich bestellt habe" for thing in ("die Klingel", "sie")]
    like = [*ENGLISH, *german * 40]
    assert not found("wo bleibt denn die Klingel die ich bestellt habe", like)
    assert not found("could you tell me what happened to my bike", like)


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=4))
def test_too_few_texts_refuse_nothing_by_language(text, like):
    assert fault(text, like=[one[:20] for one in like], labels=()) != LANGUAGE


@given(st.text(max_size=200))
def test_any_text_gets_one_known_answer(text):
    assert found(text) in ("", EMPTY, LONG, LABEL, ROLE, TEMPLATE, LANGUAGE)


@given(st.text(max_size=80), st.text(max_size=20))
def test_a_name_with_an_underscore_leaks_wherever_it_stands(before, after):
    text = f"{before} CANCEL_ORDER {after}"
    assert fault(text, like=(), labels=NAMES) != ""


@given(st.permutations(ENGLISH[:12]), st.text(max_size=40))
def test_the_order_of_few_texts_makes_no_difference(shuffled, text):
    assert found(text, shuffled) == found(text, ENGLISH[:12])


def test_checks_are_learnt_once():
    assert checks(ENGLISH, NAMES) is checks(list(ENGLISH), set(NAMES))


def test_labels_are_named_with_their_paths_and_dimensions():
    assert {"CANCEL_ORDER", "Orders > CANCEL_ORDER", "intent:"} <= NAMES


def test_a_text_of_a_thousand_short_words_is_held_against_the_language_of_the_logs():
    assert found("is z x q " * 400) == LANGUAGE
    assert found("is it " * 600) == ""
