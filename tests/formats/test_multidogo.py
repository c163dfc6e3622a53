from pathlib import Path

from format_cases import read_all, shared

from turnwise.formats import read

HEAD = "conversationId\tturnNumber\tutteranceId\tutterance\tslot-labels\tintent\n"


def row(id: str, number: str, text: str, intent: str = "thankyou") -> str:
    return f"{id}\t{number}\t<CONV>{id}<TURN>{number}\t{text}\tO\t{intent}\n"


def written(folder: Path, *rows: str) -> Path:
    path = folder / "airline_train.tsv"
    path.write_text(HEAD + "".join(rows))
    return path


def test_turn_numbers_keep_turns_apart_where_the_agent_spoke(tmp_path):
    path = written(tmp_path, row("x", "0.0", "hi", "greet"), row("x", "2", "a"), row("x", "3", "b"))
    ((found,), errors) = read_all(path)
    assert not errors
    assert found.id == "airline/x"
    assert found.meta == {"domain": "airline", "split": "train"}
    assert [(turn.text, turn.messages) for turn in found.turns] == [("hi", (0,)), ("a\nb", (2, 3))]
    assert found.turns[0].gold == {"domain": ("airline",), "intent": ("greet",)}


def test_several_intents_and_cells_with_tabs_and_line_ends_are_read(tmp_path):
    path = written(tmp_path, row("x", "0", '"one\ttwo\nthree ""four"""', "a<div>b"))
    ((found,), errors) = read_all(path)
    assert not errors
    assert found.turns[0].text == 'one\ttwo\nthree "four"'
    assert found.turns[0].gold["intent"] == ("a", "b")


def test_each_damaged_row_is_one_rejected_record_and_its_neighbours_survive(tmp_path):
    damaged = [
        row("x", "2", '"never closed'),
        row("x", "4", ""),
        row("x", "six", "text"),
        "x\t8\n",
        row("x", "9", "tab\there"),
        "\t10\t<CONV>\ttext\tO\tthankyou\n",
    ]
    between = [row("x", str(11 + 2 * at), f"good {at}") for at in range(len(damaged))]
    pairs = [part for pair in zip(damaged, between, strict=True) for part in pair]
    path = written(tmp_path, row("x", "0", "first"), *pairs)
    (found,), errors = read_all(path)
    assert [turn.text for turn in found.turns] == ["first", *(f"good {at}" for at in range(6))]
    assert sorted(record.line for record in errors) == [3, 5, 7, 9, 11, 13]
    assert all(record.error and record.error.path == path for record in errors)


def test_the_published_file_reads_as_its_flattened_form_does():
    raw = list(read(shared("raw/multidogo_software_dev.tsv")))
    flat = {
        record.conversation.id: record.conversation
        for record in read(shared("dialogues/multidogo.jsonl.xz"))
        if record.conversation
    }
    found = [record.conversation for record in raw if record.conversation]
    assert len(found) == 236
    assert all(one.turns == flat[one.id].turns and one.meta == flat[one.id].meta for one in found)
    assert [record.line for record in raw if record.error] == [212, 296, 448]
