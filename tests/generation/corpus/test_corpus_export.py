"""A corpus as a folder: splits without leaks, figures, the card, tables and chat files."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from turnwise.conversations import Conversation, Turn
from turnwise.errors import ConfigError
from turnwise.generated import Dropped, GeneratedConversation, GeneratedTurn, LabelledConversation
from turnwise.generation.corpus import (
    Corpus,
    describe_corpus,
    split_corpus,
    token_fertility,
    write_corpus,
)
from turnwise.generation.corpus.card import table
from turnwise.generation.corpus.chat import MOST_OFFERED, Instructions, chat_example
from turnwise.generation.files import read_generated
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Dimension, Label, Taxonomy

TAXONOMY = Taxonomy(
    "bikes",
    (
        Dimension(
            "wish",
            (
                Label("PRICE", ("PRICE",), "what something costs"),
                Label("REPAIR", ("REPAIR",), "something is mended"),
                Label("PARCEL", ("PARCEL",)),
            ),
        ),
    ),
)
WISHES = TAXONOMY["wish"].names


def made(number, *texts, **more):
    turns = []
    for at, text in enumerate(texts):
        labels = {"wish": WISHES[(number + at) % 3]}
        turns += [GeneratedTurn("customer", text, labels), GeneratedTurn("agent", "let me see")]
    values = {"id": f"made-{number}", "method": "hmm", "turns": tuple(turns)} | more
    return GeneratedConversation(**values)


def log(number, *texts, market=""):
    turns = tuple(Turn("customer", text) for text in texts)
    held = Conversation(f"log{number}", turns, market=market)
    return LabelledConversation(held, {0: {"wish": WISHES[number % 3]}})


MADE = [made(n, f"what about bike {n}", f"and lamp {n}", market="DE") for n in range(60)]
LOGS = [log(n, f"my bike {n} is old", "thanks", market="DE") for n in range(5)]


def corpus(**changes):
    values = {
        "name": "Bikes",
        "licence": "CC BY 4.0",
        "conversations": MADE,
        "logs": LOGS,
        "taxonomy": TAXONOMY,
    }
    return Corpus(**(values | changes))


def folded(text):
    return " ".join(text.casefold().split())


def texts_of(conversations):
    return {folded(turn.text) for one in conversations for turn in one.customer}


TALKS = st.lists(
    st.lists(st.sampled_from(["yes", "Yes ", "no", "a b", "c", "d e f", "g", "h"]), min_size=1),
    max_size=40,
)


@given(TALKS, st.lists(st.sampled_from(["g", "h", "new"]), max_size=2))
def test_no_text_of_train_or_of_the_logs_stands_in_dev_or_test(talks, known):
    conversations = [made(n, *texts) for n, texts in enumerate(talks)]
    splits = split_corpus(conversations, known)
    train = texts_of(splits.parts["train"]) | {folded(text) for text in known}
    assert train.isdisjoint(texts_of(splits.parts["dev"]))
    assert train.isdisjoint(texts_of(splits.parts["test"]))
    assert sum(map(len, splits.parts.values())) == len(conversations)


def test_conversations_are_split_by_their_ids_alone():
    splits = split_corpus(MADE)
    assert splits.moved == 0
    for one in MADE:
        place = stable_hash(one.id) % 10
        part = {0: "test", 1: "dev"}.get(place, "train")
        assert one in splits.parts[part]
    assert all(splits.parts.values())


def test_a_leak_moves_a_conversation_and_is_counted():
    tested = split_corpus(MADE).parts["test"][0]
    splits = split_corpus(MADE, [tested.customer[0].text.upper()])
    assert splits.moved == 1
    assert tested in splits.parts["train"]


def test_a_text_is_the_same_whatever_its_marks():
    tested = split_corpus(MADE).parts["test"][0]
    splits = split_corpus(MADE, [f"{tested.customer[0].text}?!"])
    assert splits.moved == 1


def test_figures_count_all_and_each_market():
    figures = describe_corpus([made(0, "one two", "three", market="DE"), made(1, "four")])
    assert list(figures) == ["", "DE"]
    assert (figures[""].sessions, figures[""].questions, figures[""].words) == (2, 3, 4)
    assert figures[""].labels == {"wish": 2}
    assert figures["DE"].questions_per_session == 2
    assert figures["DE"].words_per_question == 1.5
    assert describe_corpus([])[""].words_per_question == 0


def test_an_export_has_every_conversation_once_in_all_its_files(tmp_path):
    polars = pytest.importorskip("polars")
    written = write_corpus(corpus(), tmp_path / "corpus")
    read = [
        one for part in written.sessions for one in read_generated(written.folder / f"{part}.jsonl")
    ]
    assert sorted(read, key=lambda one: one.id) == sorted(MADE, key=lambda one: one.id)
    table = polars.concat(
        [polars.read_parquet(written.folder / f"{part}.parquet") for part in written.sessions]
    )
    assert table.height == sum(len(one.turns) for one in MADE)
    row = table.filter(conversation="made-7", turn=2).row(0, named=True)
    assert (row["text"], row["label_wish"], row["role"]) == (
        "and lamp 7",
        WISHES[8 % 3],
        "customer",
    )
    assert written.examples == written.sessions


def test_the_card_stands_beside_the_logs_with_licence_splits_and_limits(tmp_path):
    pytest.importorskip("polars")
    dropped = [Dropped("a label | leaked", 3)]
    write_corpus(corpus(dropped=dropped, notes=["Few markets."]), tmp_path / "corpus")
    card = (tmp_path / "corpus" / "README.md").read_text()
    assert "Licence: CC BY 4.0" in card
    assert "| all, generated | 60 | 120 | 420 | wish 3 | 2 | 3.5 |" in card
    assert "| DE, logs | 5 |" in card
    assert "| a label \\| leaked | 3 |" in card
    assert "- Few markets." in card
    facts = json.loads((tmp_path / "corpus" / "corpus.json").read_text())
    assert facts["generated"]["DE"]["sessions"] == 60
    assert sum(facts["splits"].values()) == 60


def test_a_corpus_is_replaced_only_when_told_to_and_nothing_else_ever(tmp_path):
    pytest.importorskip("polars")
    folder = tmp_path / "corpus"
    write_corpus(corpus(), folder)
    with pytest.raises(ConfigError, match="a corpus is there already"):
        write_corpus(corpus(), folder)
    write_corpus(corpus(name="Boats"), folder, force=True)
    assert (folder / "README.md").read_text().startswith("# Boats")
    assert [one.name for one in tmp_path.iterdir()] == ["corpus"]
    (tmp_path / "mine").mkdir()
    with pytest.raises(ConfigError, match="something else than a corpus is there"):
        write_corpus(corpus(), tmp_path / "mine", force=True)


def test_a_failed_export_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*args):
        raise OSError("no space left")

    monkeypatch.setattr("turnwise.generation.corpus.export.write_parquet", full)
    with pytest.raises(OSError, match="no space left"):
        write_corpus(corpus(), tmp_path / "corpus")
    assert list(tmp_path.iterdir()) == []


def test_the_same_corpus_makes_the_same_files(tmp_path):
    pytest.importorskip("polars")
    for name in ("one", "other"):
        write_corpus(corpus(), tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "other" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"licence": " "}, "a corpus needs a licence"),
        ({"conversations": [MADE[0], MADE[0]]}, "two conversations have the id 'made-0'"),
    ],
)
def test_a_corpus_that_can_not_be_one_is_refused(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        write_corpus(corpus(**changes), tmp_path / "corpus")


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=3))
def test_no_text_breaks_a_table(rows):
    written = table(("a", "b"), rows)
    assert len(written.splitlines()) == 2 + len(rows)
    assert all(line.replace("\\|", "").count("|") == 3 for line in written.splitlines())


def tokenizer(folder):
    words = {"[UNK]": 0, "bike": 1, "la": 2, "mp": 3}
    one = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    one.pre_tokenizer = Whitespace()
    one.save(str(folder / "tokenizer.json"))
    return folder


def test_fertility_is_told_by_language(tmp_path):
    texts = [("de_DE", "bike la-mp"), ("de", "bike"), ("", "bike")]
    found = token_fertility(texts, tokenizer(tmp_path))
    assert [(one.language, one.words, one.tokens) for one in found] == [
        ("de", 4, 5),
        ("unknown", 1, 1),
    ]
    assert found[0].fertility == 1.25
    assert token_fertility(texts, tmp_path / "tokenizer.json") == found


def test_a_folder_without_a_tokenizer_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="there is no tokenizer here"):
        token_fertility([], tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigError, match="no tokenizer can be read here"):
        token_fertility([], tmp_path)


INSTRUCTIONS = Instructions(TAXONOMY)


def clarification(outcome, **more):
    turns = (
        GeneratedTurn("customer", "it is about my bike", {"wish": "REPAIR"}),
        GeneratedTurn("agent", "is it broken?"),
        GeneratedTurn("customer", "yes", {"wish": "REPAIR"}),
    )
    return made(0, method="clarify", turns=turns, outcome=outcome, **more)


def test_a_clarification_teaches_its_questions_and_what_it_ends_in():
    system, *said = chat_example(clarification("label"), INSTRUCTIONS)
    assert system.role == "system"
    assert [(one.role, one.learnt) for one in said] == [
        ("user", False),
        ("assistant", True),
        ("user", False),
        ("assistant", True),
    ]
    assert json.loads(said[1].content) == {"question": "is it broken?"}
    assert json.loads(said[3].content) == {"labels": {"wish": "REPAIR"}}


def test_a_label_that_is_not_offered_ends_out_of_domain():
    one = clarification("out_of_domain", offered={"wish": ("PRICE", "PARCEL")})
    system, *_, last = chat_example(one, INSTRUCTIONS)
    assert json.loads(last.content) == {"out_of_domain": True}
    assert "PRICE" in system.content
    assert "REPAIR" not in system.content


def test_what_came_to_no_end_teaches_nothing():
    assert chat_example(clarification("turn_limit"), INSTRUCTIONS) is None
    assert chat_example(made(0, "a", method="ambiguous"), INSTRUCTIONS) is None


def test_of_other_conversations_a_turn_is_drawn_and_its_history_is_not_learnt():
    lengths = set()
    for one in MADE[:20]:
        messages = chat_example(one, INSTRUCTIONS)
        *before, last = messages
        lengths.add(len(messages))
        place = len(messages) - 3
        assert json.loads(last.content) == {"labels": dict(one.turns[place].labels)}
        assert before[-1].content == one.turns[place].text
        assert [message.learnt for message in before] == [False] * len(before)
        assert last.values()["weight"] == 1
    assert lengths == {3, 5}


def test_turns_of_one_side_in_a_row_are_one_message():
    said = ("hello", "i want to ask", "what is the price")
    turns = tuple(GeneratedTurn("customer", text) for text in said[:-1])
    last = GeneratedTurn("customer", said[-1], {"wish": "PRICE"})
    messages = chat_example(made(0, turns=(*turns, last)), INSTRUCTIONS)
    assert [one.role for one in messages] == ["system", "user", "assistant"]
    assert messages[1].content == "\n".join(said)


def test_the_instructions_list_what_is_offered_with_its_description():
    (system, *_) = chat_example(MADE[0], INSTRUCTIONS)
    assert (
        "- PRICE: what something costs\n- REPAIR: something is mended\n- PARCEL" in system.content
    )


def test_of_many_labels_the_right_one_is_always_offered():
    labels = tuple(Label(f"L{n:03}", (f"L{n:03}",)) for n in range(200))
    many = Instructions(Taxonomy("many", (Dimension("wish", labels),)))
    for n in range(20):
        turns = (GeneratedTurn("customer", "hello", {"wish": f"L{n:03}"}),)
        system, *_ = chat_example(made(n, turns=turns), many)
        offered = [line for line in system.content.splitlines() if line.startswith("- L")]
        assert f"- L{n:03}" in offered
        assert MOST_OFFERED - 1 <= len(offered) <= MOST_OFFERED


def test_a_figure_that_can_not_be_told_is_a_dash():
    assert table(("a",), [(math.nan,), (None,), (0.5,), (1234,)]).endswith(
        "| – |\n| – |\n| 0.5 |\n| 1,234 |"
    )
