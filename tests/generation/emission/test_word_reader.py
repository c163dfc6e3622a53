"""The reader on words: reads what is said, and keeps the label of the talk where little is."""

from __future__ import annotations

import numpy as np

from tests.generation.emission.library_talks import FIND, PAY, TAXONOMY, talk, talks
from turnwise.conversations import Conversation, Example, Turn, examples
from turnwise.generation.emission.pools import Pools
from turnwise.generation.emission.reader import WordReader

READER = WordReader(Pools.gather(talks(64), TAXONOMY))


def read(*texts: str) -> str:
    turns = tuple(Turn("customer", text) for text in texts)
    asked = Example(Conversation("c", turns), len(turns) - 1)
    chances = READER.probabilities([asked])["intent"]
    return TAXONOMY["intent"].names[int(chances[0].argmax())]


def test_words_tell_the_label():
    assert read("I am looking for Faust") == "FIND"
    assert read("Here is my fee of 5 euros") == "PAY"


def test_a_turn_that_says_little_keeps_the_label_of_the_talk():
    assert read("I am looking for Faust", "yes") == "FIND"
    assert read("I want to pay my fee", "yes") == "PAY"


def test_a_switch_is_read_where_the_words_say_so():
    assert read("I am looking for Faust", "yes", "I also want to pay my fee") == "PAY"


def test_its_own_logs_are_read_nearly_all_right():
    asked, meant = [], []
    for one in talks(64):
        for example in examples(one.conversation):
            asked.append(example)
            meant.append(one.labels[example.index]["intent"])
    chances = READER.probabilities(asked)["intent"]
    found = np.array(TAXONOMY["intent"].names)[chances.argmax(axis=1)]
    assert (found == np.array(meant)).mean() > 0.9


def test_probabilities_are_probabilities_of_every_dimension():
    asked = list(examples(talks()[0].conversation))
    for name, chances in READER.probabilities(asked).items():
        assert chances.shape == (len(asked), len(TAXONOMY[name].labels))
        assert chances.dtype == np.float32
        np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-4)
    assert READER.probabilities([])["intent"].shape == (0, len(TAXONOMY["intent"].labels))


def test_unknown_words_and_empty_pools_are_no_error():
    assert read("zzz", "")
    bare = WordReader(Pools.gather([talk("a", ("one", FIND, ""), ("", PAY, ""))], TAXONOMY))
    (one,) = bare.probabilities([Example(Conversation("c", (Turn("customer", "hm"),)), 0)])["area"]
    assert np.isfinite(one).all()
