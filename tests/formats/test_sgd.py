import json
from pathlib import Path

import pytest
from format_cases import read_all, shared

from turnwise.formats.sgd import current


def user(text: str, **frames: str) -> dict[str, object]:
    made = [
        {"service": service, "state": {"active_intent": intent}}
        for service, intent in frames.items()
    ]
    return {"speaker": "USER", "utterance": text, "frames": made}


def system(text: str) -> dict[str, object]:
    return {"speaker": "SYSTEM", "utterance": text, "frames": [{"service": "Hotels_2"}]}


def dialogue(id: str, *turns: object) -> dict[str, object]:
    return {"dialogue_id": id, "services": ["Hotels_2", "Bus_1"], "turns": list(turns)}


def written(folder: Path, *dialogues: object) -> Path:
    path = folder / "dialogues_001.json"
    path.write_text(json.dumps(list(dialogues), indent=1))
    return path


def test_gold_is_the_service_that_the_turn_is_about(tmp_path):
    path = written(
        tmp_path,
        dialogue(
            "1_00000",
            user("a room", Hotels_2="Search"),
            system("done"),
            user("and a bus", Hotels_2="Search", Bus_1="Find"),
            system("done"),
            user("thanks", Bus_1="NONE"),
        ),
    )
    (found,) = read_all(path)[0]
    assert found.id == "1_00000"
    assert found.meta == {"services": "Hotels_2, Bus_1"}
    assert [turn.role for turn in found.turns] == ["customer", "agent"] * 2 + ["customer"]
    assert [turn.gold.get("intent") for turn in found.turns[::2]] == [
        ("Hotels_2/Search",),
        ("Bus_1/Find",),
        ("Bus_1/NONE",),
    ]
    assert found.turns[4].gold["domain"] == ("Bus",)
    assert found.turns[4].gold["service"] == ("Bus_1",)
    assert found.turns[1].gold == {}


@pytest.mark.parametrize(
    ("labels", "before", "about"),
    [
        (["A_1/Find", "B_1/Book"], ["A_1/Find"], "B_1/Book"),
        (["B_1/Book", "A_1/NONE"], ["A_1/Find"], "B_1/Book"),
        (["A_1/NONE", "B_1/NONE"], ["B_1/NONE"], "A_1/NONE"),
        (["A_1/Find", "B_1/NONE"], ["A_1/Find"], "A_1/Find"),
    ],
)
def test_of_two_frames_the_one_that_asks_for_something_new_counts(labels, before, about):
    assert current(labels, before) == about


def test_broken_dialogues_cost_no_other(tmp_path):
    path = written(
        tmp_path,
        dialogue("a", user("hi", Bus_1="Find")),
        {"dialogue_id": "b"},
        dialogue("c", {"speaker": "USER", "utterance": "x", "frames": [{"service": "Bus_1"}]}),
        dialogue("d", {"speaker": "USER", "frames": []}),
        dialogue("e", user("hi", Bus_1="Find")),
    )
    good, errors = read_all(path)
    assert [one.id for one in good] == ["a", "e"]
    fields = [record.error.field for record in errors if record.error]
    assert fields == ["turns", "turns[0].frames", "turns[0].text"]


def test_a_file_that_is_cut_off_gives_what_came_before(tmp_path):
    path = written(tmp_path, *(dialogue(str(at), user("hi", Bus_1="Find")) for at in range(5)))
    path.write_text(path.read_text()[:-150])
    good, errors = read_all(path)
    assert len(good) == 4
    assert "4 conversations were read before" in str(errors[-1].error)


def test_the_published_dialogues_are_read_without_a_loss():
    good, errors = read_all(shared("raw/sgd_dialogues.json"))
    assert (len(good), len(errors)) == (40, 0)
    assert {
        label for one in good for turn in one.turns for label in turn.gold.get("domain", ())
    } == {"Services"}
