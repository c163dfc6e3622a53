"""Clarification conversations, played by rules: how they go, and how they end."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.generation.ambiguity.parcel_shop import LOST, WHEN, WISH, sets_of
from turnwise.errors import ConfigError
from turnwise.generation.ambiguity import Ambiguous, ClearQuery
from turnwise.generation.clarification import (
    TURN_LIMIT,
    Cast,
    EmbeddedAssistant,
    EmbeddedCustomer,
    EmbeddedJudge,
    Failed,
    Judged,
    Move,
    Played,
    Rating,
    Start,
    Talk,
    clarify,
    fault_of,
    play,
    starts,
)
from turnwise.generation.clarification.assistant import heard, says_nothing
from turnwise.generation.clarification.clarify import AT_LIMIT, TAKEN, WRONG
from turnwise.generation.clarification.customer import NONE, UNKNOWN, parts
from turnwise.generation.clarification.play import NOT_OFFERED
from turnwise.generation.clarification.wording import CLOSER, in_words, questions, title
from turnwise.generation.quality.rating import refuse_own_work

VAGUE = "I want to ask about my parcel."
NAMES = WISH["wish"].names
OPENING = Ambiguous(VAGUE, "wish", ("DELIVERY_TIME", "MISSING_PARCEL"), (LOST,), "words left out")
PAIR = replace(OPENING, clear=(LOST, WHEN), made="shared words")


class Scripted:
    """An assistant and a customer that always do the same."""

    source_name = "scripted"

    def __init__(self, move: Move | Failed | None = None, answer: str | Failed = "well") -> None:
        self.move, self.answer, self.seen = move, answer, []

    def moves(self, talks):
        self.seen.append(len(talks))
        return [self.move] * len(talks)

    def answers(self, talks):
        return [self.answer] * len(talks)


def cast(**changes) -> Cast:
    sets = sets_of()
    made = Cast(EmbeddedAssistant(sets), EmbeddedCustomer(sets), EmbeddedJudge(sets))
    return replace(made, **changes)


def played_by(who: Cast, *openings: Ambiguous, **settings):
    dropped: Counter[str] = Counter()
    return list(clarify(openings or (OPENING,), WISH, who, dropped=dropped, **settings)), dropped


def test_an_ambiguous_query_is_asked_about_and_ends_in_its_label():
    (talk,), dropped = played_by(cast())
    assert [turn.role for turn in talk.turns] == ["customer", "agent", "customer"]
    assert talk.turns[0].text == VAGUE
    assert "missing parcel" in talk.turns[1].text
    assert "lost" in talk.turns[2].text
    assert talk.outcome == "label"
    assert not dropped


def test_the_customer_s_turns_carry_what_is_meant_and_where_it_came_from():
    (talk,), _ = played_by(cast())
    assert [turn.labels for turn in talk.customer] == [LOST.labels] * 2
    assert talk.turns[0].sources == ("a#0",)
    assert talk.turns[1].labels == {}


def test_a_conversation_without_fault_scores_1():
    (talk,), _ = played_by(cast())
    assert talk.scores == {"sdrs": 1.0, "ambiguity": 1.0, "quality": 1.0}


def test_a_dropped_label_is_not_offered_and_ends_out_of_domain():
    (talk,), _ = played_by(cast(), dropout=1.0)
    assert [turn.text for turn in talk.turns] == [LOST.text]
    assert talk.offered == {"wish": tuple(name for name in NAMES if name != "MISSING_PARCEL")}
    assert talk.outcome == "out_of_domain"
    assert talk.turns[0].labels == LOST.labels


def test_the_share_of_dropped_labels_is_as_asked():
    many = starts([OPENING] * 2000, WISH, dropout=0.3)
    share = sum(one.target is None for one in many) / len(many)
    assert share == pytest.approx(0.3, abs=0.03)


def test_of_a_pair_either_clear_version_is_in_mind():
    meant = Counter(one.clear.text for one in starts([PAIR] * 200, WISH))
    assert set(meant) == {LOST.text, WHEN.text}
    assert min(meant.values()) > 70


def test_the_same_seed_plays_the_same():
    assert played_by(cast(), PAIR, OPENING, seed=3) == played_by(cast(), PAIR, OPENING, seed=3)


def test_an_assistant_that_never_ends_is_stopped_at_the_limit():
    asking = Scripted(Move("question", text="which one?"))
    made, dropped = played_by(cast(assistant=asking, customer=asking))
    assert (made, dropped) == ([], Counter({AT_LIMIT: 1}))
    assert asking.seen == [1] * TURN_LIMIT


@pytest.mark.parametrize(
    ("move", "dropout", "reason"),
    [
        (Move("label", "CANCEL_ORDER"), 0.0, WRONG),
        (Move("label", "CANCEL_ORDER"), 1.0, TAKEN),
        (Move("label", "MISSING_PARCEL"), 1.0, NOT_OFFERED),
        (Failed("the model said nothing"), 0.0, "the model said nothing"),
    ],
)
def test_what_ends_wrongly_is_dropped_with_its_reason(move, dropout, reason):
    made, dropped = played_by(cast(assistant=Scripted(move)), dropout=dropout)
    assert (made, dropped) == ([], Counter({reason: 1}))


def test_a_faulty_answer_ends_a_conversation():
    asking = Scripted(Move("question", text="which one?"), answer="")
    made, dropped = played_by(
        cast(assistant=asking, customer=asking), check=lambda text: "" if text else "empty"
    )
    assert (made, dropped) == ([], Counter({"the customer's answer: empty": 1}))


def test_conversations_are_played_side_by_side_and_come_in_order():
    asking = Scripted(Move("question", text="which one?"))
    results = play(starts([OPENING] * 30, WISH), asking, asking)
    assert asking.seen == [30] * TURN_LIMIT
    assert [one.talk.start.number for one in results] == list(range(30))
    assert {fault_of(one) for one in results} == {AT_LIMIT}


def test_a_query_of_another_taxonomy_is_refused():
    strange = replace(OPENING, clear=(ClearQuery("hello", {"wish": "DANCE"}),))
    with pytest.raises(ConfigError, match="DANCE"):
        starts([strange], WISH)


def talk_of(clear: ClearQuery, *answers: str, between=("DELIVERY_TIME", "MISSING_PARCEL")) -> Talk:
    start = Start(0, 0, VAGUE, clear, "wish", NAMES, "words left out")
    question = Move("question", text="which one?", between=between)
    return Talk(start, (question,) * (len(answers) + 1), answers)


def test_the_customer_says_only_the_part_that_tells():
    query = replace(LOST, text=LOST.text + " By the way, my neighbour was away on Monday.")
    (answer,) = EmbeddedCustomer(sets_of()).answers([talk_of(query)])
    assert "lost" in answer
    assert "neighbour" not in answer


def test_the_customer_does_not_know_what_the_clear_query_does_not_tell():
    silent = ClearQuery("I want to ask about my red parcel.", {"wish": "MISSING_PARCEL"})
    assert EmbeddedCustomer(sets_of()).answers([talk_of(silent)]) != [UNKNOWN], "a tie is told"
    said = ClearQuery(VAGUE, {"wish": "MISSING_PARCEL"})
    assert EmbeddedCustomer(sets_of()).answers([talk_of(said)]) == [UNKNOWN]


def test_the_customer_denies_what_is_not_meant():
    talk = talk_of(LOST, between=("CANCEL_ORDER", "OPENING_HOURS"))
    (answer,) = EmbeddedCustomer(sets_of()).answers([talk])
    assert answer.startswith(NONE)


def test_what_was_said_is_not_said_again():
    assert parts(LOST.text, [VAGUE, LOST.text]) == []
    assert parts(LOST.text, [VAGUE])[-1] == LOST.text


def test_a_denial_in_the_clear_query_is_never_lost():
    query = "I don't think the order price is right"
    assert all("don't" in one for one in parts(query, ["It's about the order."]) if "right" in one)


def test_labels_that_were_denied_are_not_asked_about_again():
    talk = talk_of(LOST, NONE)
    (move,) = EmbeddedAssistant(sets_of()).moves([replace(talk, questions=talk.questions[:1])])
    assert move.kind == "out_of_domain"


def test_the_assistant_asks_in_another_way_before_it_gives_up():
    assistant = EmbeddedAssistant(sets_of())
    talk = Talk(Start(0, 0, VAGUE, LOST, "wish", NAMES, ""))
    texts = []
    for _ in range(TURN_LIMIT):
        (move,) = assistant.moves([talk])
        if move.kind != "question":
            break
        texts.append(move.text)
        talk = talk.asked(move).answered(UNKNOWN)
    assert len(texts) == len(set(texts)) == 2, "by titles, then by descriptions"
    assert texts[1].startswith(tuple(one.partition("{")[0] for one in CLOSER))
    assert move.kind == "label"


@pytest.mark.parametrize("locale", ["de", "fr-CH"])
def test_other_languages_get_titles_without_english_words(locale):
    labels = WISH["wish"].labels[:2]
    assert next(questions(labels, locale, 0)) == "delivery time / missing parcel?"


def test_a_label_s_name_becomes_words():
    assert in_words("CANCEL_AND_REFUND") == "cancel and refund"
    assert in_words("BookFlight/PINBlocked") == "book flight PIN blocked"
    assert (
        title(replace(WISH["wish"].labels[0], titles={"de": "Lieferzeit."}), "de-AT")
        == "Lieferzeit"
    )


def judged_of(*asked: str, between=()) -> Judged:
    start = Start(0, 0, VAGUE, LOST, "wish", NAMES, "")
    questions = tuple(Move("question", text=one, between=between) for one in asked)
    talk = Talk(start, questions, (LOST.text,) * len(asked))
    (found,) = EmbeddedJudge(sets_of()).judge([Played(talk, Move("label", "MISSING_PARCEL"))])
    assert isinstance(found, Judged)
    return found


def test_enough_is_judged_from_the_customer_s_turns_up_to_then():
    assert judged_of("Is it the delivery time or a missing parcel?").enough == (False, True)


@pytest.mark.parametrize(
    ("asked", "rating"),
    [
        ("Is it about the delivery time or a missing parcel?", Rating(1, 1, 1, 1, 1)),
        ("Is it about the delivery time, please?", Rating(0.5, 1, 1, 1, 1)),
        ("Do you mean the opening hours of it?", Rating(0, 1, 1, 1, 1)),
        ("delivery time? missing parcel?", Rating(1, 1, 1, 1, 1)),
        ("parcel?", Rating(0, 0, 1, 1, 1)),
        ("Is order 55812 the missing parcel or the delivery time?", Rating(1, 1, 1, 0, 1)),
        ("Obviously, is it delivery time or missing parcel?", Rating(1, 1, 1, 1, 0)),
    ],
)
def test_questions_are_rated_by_what_they_say(asked, rating):
    assert judged_of(asked).ratings == (rating,)


def test_a_question_that_comes_again_is_rated_as_repetitive():
    same = "Is it about the delivery time or a missing parcel?"
    assert [one.repetition_avoidance for one in judged_of(same, same).ratings] == [1, 0]


def test_where_the_label_is_not_offered_the_query_is_of_the_version_that_is_in_mind():
    begun = starts([PAIR] * 40, WISH, dropout=1.0)
    assert {(one.opening, one.sources) for one in begun} == {
        (LOST.text, (LOST.source,)),
        (WHEN.text, (WHEN.source,)),
    }


def test_a_model_that_wrote_one_side_may_not_rate_both():
    player = Scripted()
    player.source_name = "small-model"
    with pytest.raises(ConfigError, match="small-model wrote"):
        refuse_own_work("small-model", [cast(assistant=player).maker])


@pytest.mark.parametrize(
    "answer", [UNKNOWN, "I don’t know, sorry.", "no idea", "I'm not sure about that.", "Not sure"]
)
def test_an_answer_that_says_nothing_is_not_read(answer):
    assert says_nothing(answer)
    assert heard((VAGUE, answer), "en").text == VAGUE


@pytest.mark.parametrize(
    "answer", ["I don't know why it was declined.", "Not sure where my parcel is"]
)
def test_what_somebody_does_not_know_tells_what_is_meant(answer):
    assert not says_nothing(answer)
    assert answer in heard((VAGUE, answer), "en").text


def test_the_query_itself_is_read_whole_whatever_it_says():
    assert heard(("I don't know.", "it is lost"), "en").text == "I don't know. it is lost"
    assert heard(("None of these links work", UNKNOWN), "en").text == "None of these links work"
