"""How replies to clarifying questions are read, over the labels of the sample."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.serving.clarifying import question
from turnwise.serving.decision import Question
from turnwise.serving.replies import read_reply, says_more
from turnwise.taxonomy import Dimension, Label
from turnwise.taxonomy_file import read_taxonomy

LARKSPUR = read_taxonomy(Path(__file__).parents[2] / "examples" / "larkspur" / "taxonomy.yaml")
INTENT = LARKSPUR["intent"]
TWO = ("CANCEL", "REFUND")
THREE = ("RETURN", "REPLACEMENT", "TROUBLESHOOT")
JOINT = (*TWO, "CANCEL_AND_REFUND")
NONE = "none of them"

# Nothing of these points to a position.
SAID = st.lists(
    st.sampled_from(
        [
            *("cancel", "refund", "money back", "order", "kündigen", "geld", "退款", "plan", "🙂"),
            *("neither", "both", "yes", "no", "not the", "something else", "i don't know"),
            *(",", ".", "\n", "a", "about", "broken", "return"),
        ]
    ),
    max_size=12,
).map(" ".join)


def asked(names, dimension=INTENT):
    made = question(dimension, tuple((one, 1 / len(names)) for one in names), "en", ())
    assert made is not None
    return made


def read(reply, names=TWO, dimension=INTENT, **vectors):
    return read_reply(asked(names, dimension), reply, dimension, **vectors)


def meant(reply, names=TWO, dimension=INTENT):
    """What the reply most speaks for; several where it decides nothing between them."""
    found = read(reply, names, dimension)
    best = [name for name, one in zip((*names, NONE), found, strict=True) if one == 1.0]
    return best[0] if len(best) == 1 else set(best)


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("the first one", "RETURN"),
        ("First", "RETURN"),
        ("1", "RETURN"),
        ("option 1 please", "RETURN"),
        ("the second", "REPLACEMENT"),
        ("2.", "REPLACEMENT"),
        ("Number two, thanks", "REPLACEMENT"),
        ("um, I think it's the second one", "REPLACEMENT"),
        ("the 3rd option", "TROUBLESHOOT"),
        ("the last one", "TROUBLESHOOT"),
        ("the latter of these", "TROUBLESHOOT"),
        ("I'd say the former", "RETURN"),
    ],
)
def test_positions_are_those_of_the_question(reply, label):
    assert meant(reply, THREE) == label
    assert np.partition(read(reply, THREE), -2)[-2] < 0.1


@pytest.mark.parametrize(
    ("reply", "labels"),
    [
        ("1 and 3", {"RETURN", "TROUBLESHOOT"}),
        ("both the first and the third one", {"RETURN", "TROUBLESHOOT"}),
        ("first or second", {"RETURN", "REPLACEMENT"}),
        ("not the first and the second", {"TROUBLESHOOT", NONE}),
        ("anything but the first", {"REPLACEMENT", "TROUBLESHOOT", NONE}),
        ("no not the first one, the second", "REPLACEMENT"),
        ("yes the first", "RETURN"),
    ],
)
def test_several_positions_and_denied_ones_are_told_apart(reply, labels):
    assert meant(reply, THREE) == labels


@pytest.mark.parametrize(
    "reply", ["the 4th option", "7", "my first order", "the last one I had", "2 or 3 of each"]
)
def test_what_is_counted_elsewhere_is_no_position(reply):
    dimension = Dimension("i", (Label("hat", ("hat",)), Label("coat", ("coat",))))
    assert read(reply, ("hat", "coat"), dimension) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("cancelling it", "CANCEL"),
        ("I want my money back", "REFUND"),
        ("No, the refund", "REFUND"),
        ("it's about getting refunded", "REFUND"),
        ("i don't know how to cancel my plan", "CANCEL"),
        ("geld zurück", "REFUND"),
        ("GELD ZURUCK BITTE", "REFUND"),
        ("kündigen", "CANCEL"),
        ("recuperar el dinero", "REFUND"),
        ("not the refund, cancel", "CANCEL"),
        ("neither, i want to change my address", NONE),
        ("something to remove ads", NONE),
    ],
)
def test_words_of_a_label_speak_for_it_in_every_language_it_has_titles_in(reply, label):
    assert meant(reply) == label


@pytest.mark.parametrize(
    "reply", ["neither", "None of them", "something else", "no", "nope, neither of those"]
)
@pytest.mark.parametrize("names", [TWO, THREE])
def test_neither_speaks_for_none_of_them(reply, names):
    assert meant(reply, names) == NONE


def test_something_else_is_a_label_where_one_is_called_so():
    assert meant("something else", ("Music", "Other"), LARKSPUR["domain"]) == "Other"
    assert meant("no", ("YES", "NO")) == "NO"


@pytest.mark.parametrize("reply", ["both", "Both of them please", "all", "either"])
def test_both_speaks_against_none_and_between_the_labels_says_nothing(reply):
    found = read(reply)
    assert found[0] == found[1] > found[2]


def test_both_is_the_label_that_joins_the_others():
    assert meant("both", JOINT) == "CANCEL_AND_REFUND"
    assert meant("both", THREE) == set(THREE)


def test_yes_speaks_against_none_alone():
    assert meant("yes") == set(TWO)
    assert meant("Yes, the refund") == "REFUND"


@pytest.mark.parametrize("reply", ["not the first one", "it's not the first"])
def test_what_is_denied_is_ruled_out_and_nothing_else(reply):
    assert meant(reply, THREE) == {"REPLACEMENT", "TROUBLESHOOT", NONE}
    assert read("not about a refund")[1] < 0.5


UNSURE = ["I don't know", "i do not know which one", "not sure", "I'm not really sure, sorry"]
UNSURE += ["idk", "No idea", "hard to say", "I honestly don’t know...", "", " ?! ", "🙂"]


@pytest.mark.parametrize("reply", UNSURE)
@pytest.mark.parametrize("names", [TWO, THREE])
def test_not_knowing_changes_nothing(reply, names):
    vectors = np.eye(len(names), dtype=np.float32)
    found = read(reply, names, reply_vector=vectors[0], label_vectors=vectors)
    assert found.tolist() == [1.0] * (len(names) + 1)


@pytest.mark.parametrize("reply", [*UNSURE, "2", "yes please", "both", "neither", "not the first"])
def test_cues_alone_are_known_as_such(reply):
    assert not says_more(asked(TWO), reply, INTENT)
    assert says_more(asked(TWO), f"{reply}, the refund", INTENT)
    assert says_more(asked(TWO), f"{reply}, not about the refund", INTENT)


def test_examples_speak_where_titles_do_not():
    one = Label("a", ("a",), examples=("my parcel is late", "where is the parcel"))
    other = Label("b", ("b",), examples=("the screen flickers",))
    dimension = Dimension("i", (one, other))
    found = read("it flickers", ("a", "b"), dimension)
    assert found[1] > 2 * found[0]


def test_a_label_without_examples_loses_nothing_by_it():
    one = Label("a", ("a",), examples=("my parcel is late",) * 3)
    dimension = Dimension("i", (one, Label("b", ("b",))))
    found = read("flickers", ("a", "b"), dimension)
    assert found == pytest.approx([1, 1, 1])


def test_vectors_speak_for_the_nearest_label_and_not_for_none():
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    found = read("gibberish", THREE, reply_vector=10 * vectors[2], label_vectors=vectors)
    assert found[2] > found[3] > found[1] > found[0]


def test_vectors_say_nothing_of_a_bare_position():
    vectors = np.eye(2, dtype=np.float32)
    found = read("2", reply_vector=vectors[0], label_vectors=vectors)
    assert found == pytest.approx(read("2"))


@pytest.mark.parametrize(
    ("reply_vector", "label_vectors"),
    [
        (np.zeros(3, np.float32), None),
        (np.zeros(3, np.float32), np.zeros((3, 3), np.float32)),
        (np.zeros(3, np.float32), np.zeros((2, 4), np.float32)),
        (np.full(3, np.nan, np.float32), np.zeros((2, 3), np.float32)),
    ],
)
def test_vectors_that_do_not_fit_are_refused(reply_vector, label_vectors):
    with pytest.raises(ValueError, match="vector"):
        read("refund", reply_vector=reply_vector, label_vectors=label_vectors)


def test_two_replies_settle_what_one_left_open():
    unsure = read("kündigen", JOINT)
    settled = unsure * read("cancel, not the refund", JOINT)
    assert (settled / settled.sum())[0] > 0.6 > (unsure / unsure.sum())[0]


@given(st.one_of(SAID, st.text(max_size=300)), st.permutations(JOINT), st.booleans())
def test_readings_are_finite_positive_and_never_certain(reply, names, with_vectors):
    vectors = {}
    if with_vectors:
        rows = np.array([[1, 0], [-1, 0], [0, 0]], np.float32)
        vectors = {"reply_vector": rows[0], "label_vectors": rows}
    found = read(reply, names, **vectors)
    assert found.shape == (4,)
    assert found.dtype == np.float64
    assert found.max() == 1.0
    assert found.min() >= 0.009


@given(SAID, st.permutations(range(3)))
def test_the_order_of_the_labels_means_nothing_without_a_position(reply, order):
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    names = [JOINT[at] for at in order]
    given = read(reply, JOINT, reply_vector=vectors[2], label_vectors=vectors)
    found = read(reply, names, reply_vector=vectors[2], label_vectors=vectors[list(order)])
    assert found == pytest.approx([*given[list(order)], given[-1]])


def test_a_reply_of_any_length_is_read_up_to_a_limit():
    assert read("refund " + "x " * 100_000) == pytest.approx(read("refund"))


def test_the_question_need_not_be_ours():
    other = Question("Which of these?", "intent", (("REFUND", 0.5), ("CANCEL", 0.5)))
    assert read_reply(other, "the first", INTENT).argmax() == 0
