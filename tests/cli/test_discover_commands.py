"""turnwise discover, and turnwise taxonomy from-table, as a person uses them."""

from __future__ import annotations

import json

import pytest

ASKED = (
    "cancel the order of my {}",
    "where is the parcel with my {}",
    "i forgot the password of {}",
)
THINGS = ("shoes", "lamp", "book", "table", "coat", "phone", "chair", "radio", "desk", "clock")


@pytest.fixture(scope="module")
def work(turnwise, tmp_path_factory):
    """A workspace with a few unlabelled conversations in which discovery has run."""
    folder = tmp_path_factory.mktemp("discovered")
    texts = [asked.format(thing) for asked in ASKED for thing in THINGS]
    lines = [
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Yes?"},
                      {"role": "user", "content": text}]}
        for text in texts
    ]  # fmt: skip
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    turnwise("init", folder / "work")
    turnwise("import", log, "-w", folder / "work")
    return folder / "work"


def test_discover_tells_what_it_found_and_the_next_command_works(turnwise, work, tmp_path):
    said = turnwise("discover", "-w", work).stdout
    assert "set aside: greeting, 30" in said
    assert (
        f"Next: look at the report, edit the table, then: turnwise taxonomy from-table {work}"
        in (said.replace("\n", " "))
    )
    result = json.loads(turnwise("discover", "-w", work, "--json", "--out", tmp_path).stdout)
    assert result["turns"] == 60
    assert result["set_aside"] == {"greeting": 30}
    table = tmp_path / "table.csv"
    assert result["table"] == str(table)
    made = tmp_path / "made.yaml"
    said = turnwise("taxonomy", "from-table", table, "--out", made).stdout
    assert f"{len(result['intents'])} intents are in {made}" in said
    turnwise("init", tmp_path / "next", "--taxonomy", made)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--by", "magic"), "--by is one of"),
        (("--roles", "bot"), "--roles is one of customer, both"),
        (("--calls", "3"), "Add --by llm"),
        (("--dry-run",), "nothing to tell beforehand"),
        (("--against", "nothing.yaml"), "nothing.yaml"),
        (("--bundle", "nothing"), "no bundle is here"),
    ],
)
def test_what_can_not_be_done_is_said_without_a_traceback(turnwise, work, options, said):
    done = turnwise("discover", "-w", work, *options, code=2)
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_faults_of_a_table_stop_the_command_and_leave_the_taxonomy_alone(turnwise, tmp_path):
    table, out = tmp_path / "table.csv", tmp_path / "taxonomy.yaml"
    table.write_text("name,keep,merge_into\na,yes,\na,yes,\nb,perhaps,c\n", encoding="utf-8")
    out.write_text("mine", encoding="utf-8")
    said = turnwise("taxonomy", "from-table", table, "--out", out, code=2).stderr
    assert "line 3: the name 'a' stands on line 2 too" in said
    assert "line 4: keep is neither yes nor no" in said
    assert out.read_text("utf-8") == "mine"


def test_an_empty_workspace_says_to_import_first(turnwise, tmp_path):
    turnwise("init", tmp_path / "work")
    said = turnwise("discover", "-w", tmp_path / "work", code=2).stderr
    assert "turnwise import" in said
