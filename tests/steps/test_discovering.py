"""Conversations of a workspace -> what is proposed, kept, written and forgotten."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.discovery import DiscoveryConfig
from turnwise.errors import ConfigError, DiscoveryError, TaxonomyError, WorkspaceError
from turnwise.project import Project
from turnwise.steps.discovering import DiscoverOptions, DiscoverResult, discover_intents
from turnwise.steps.discovery_files import taxonomy_from_table
from turnwise.taxonomy import Dimension, Label, Taxonomy, load_taxonomy, save_taxonomy

ASKED = {
    "cancel-order": "cancel {} order|please stop {} order|i do not want {} order any more",
    "refund": "when do i get the refund for {}|refund my money for {}|money back for {} please",
    "password": "i forgot the password of {}|reset {} password|the login for {} fails",
    "parcel": "where is the parcel with {}|track the delivery of {}|my parcel with {} is late",
}
THINGS = ("my shoes", "the blue lamp", "that book", "our table", "the red coat", "my phone")
KILLED = """
import os, sys
from turnwise.project import Project
from turnwise.steps import discovering
from turnwise.workspace.rounds import FolderRounds

put = FolderRounds.put
def put_and_die(self, found):
    put(self, found)
    os._exit(9)
FolderRounds.put = put_and_die
discovering.discover_intents(Project.open(sys.argv[1]))
"""


def log() -> list[Conversation]:
    made = []
    for name, patterns in ASKED.items():
        for pattern in patterns.split("|"):
            for at, thing in enumerate(THINGS):
                texts = ("hello", "How can I help?", pattern.format(thing), "Done.", "thanks a lot")
                turns = (
                    Turn("agent" if place % 2 else "customer", text)
                    for place, text in enumerate(texts)
                )
                made.append(Conversation(f"{name}-{len(made):03d}-{at}", tuple(turns)))
    return made


def project_with(folder: Path, conversations: list[Conversation], **settings: object) -> Project:
    project = Project.create(folder)
    project.workspace.add(conversations)
    plain = DiscoveryConfig(method="ward", candidates=(4, 8), adapt=False, prune=False, **settings)
    project.config = project.config.model_copy(update={"discovery": plain})
    return project


@pytest.fixture(scope="module")
def discovered(tmp_path_factory) -> tuple[Path, DiscoverResult]:
    """A workspace and what was discovered in it; read them, don't change them."""
    folder = tmp_path_factory.mktemp("discovered") / "work"
    with project_with(folder, log()) as project:
        return folder, discover_intents(project)


def test_every_turn_is_told_where_it_went(discovered):
    _, result = discovered
    assert result.turns == 3 * len(log())
    assert result.set_aside == {"greeting": len(log()), "thanks": len(log())}
    assert result.clustered + result.unclustered == len(log())
    assert result.clustered == sum(one.turns for one in result.intents)
    assert result.intents


def test_the_taxonomy_and_the_table_say_the_same(discovered, tmp_path):
    folder, result = discovered
    assert result.taxonomy == folder / "discovery" / "taxonomy.yaml"
    proposed = load_taxonomy(result.taxonomy)["intent"]
    assert proposed.names == tuple(one.name for one in result.intents)
    taxonomy_from_table(result.table, tmp_path / "again.yaml")
    again = load_taxonomy(tmp_path / "again.yaml")["intent"]
    assert again.labels == tuple(replace(one, confused_with=()) for one in proposed.labels)


def test_a_run_is_recorded_without_a_word_of_a_customer(discovered):
    folder, result = discovered
    with Project.open(folder) as project:
        run = project.workspace.runs()[-1]
    assert (run.command, run.status) == ("discover", "finished")
    assert run.result == {"intents": len(result.intents), "turns": result.turns, "calls": 0}


def test_kept_rounds_hold_no_text(discovered):
    folder, _ = discovered
    rounds = list((folder / "discovery").glob("*/round-*.json"))
    assert rounds
    for path in rounds:
        assert "parcel" not in path.read_text("utf-8")


def test_the_report_is_written_and_says_what_was_set_aside(discovered):
    _, result = discovered
    assert "greeting" in result.report.read_text("utf-8")


def test_a_run_that_was_killed_goes_on_at_the_round_and_ends_alike(discovered, tmp_path):
    whole = discovered[1]
    folder = tmp_path / "work"
    project_with(folder, log()).close()
    settings = "discovery: {method: ward, candidates: [4, 8], adapt: false, prune: false}\n"
    with (folder / "turnwise.yaml").open("a", encoding="utf-8") as file:
        file.write(settings)
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], capture_output=True)
    assert done.returncode == 9, done.stderr.decode()
    kept = list((folder / "discovery").glob("*/round-001.json"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    with Project.open(folder) as project:
        result = discover_intents(project)
    assert kept[0].stat().st_mtime_ns == before, "round 1 was done again"
    assert result.intents == whole.intents


def test_a_second_run_keeps_edited_tables_and_drops_the_rounds_of_other_input(tmp_path):
    with project_with(tmp_path / "work", log()) as project:
        table = discover_intents(project).table
        folder = project.folder / "discovery"
        first = {one.name for one in folder.iterdir() if one.is_dir()}
        table.write_text("my work", encoding="utf-8")
        new = Conversation("new", (Turn("customer", "do you sell gift cards"),))
        project.workspace.add([new])
        discover_intents(project)
        second = {one.name for one in folder.iterdir() if one.is_dir()}
        assert table.with_name("table.csv.before").read_text("utf-8") == "my work"
        assert len(first) == len(second) == 1
        assert first != second
        forgotten = project.workspace.forget([log()[0].id])
        left = [one for one in folder.rglob("*") if one.is_file()]
    assert left == [], "forgetting leaves nothing of what discovery wrote"
    assert forgotten.files >= 5


SHOP = Taxonomy(
    "shop",
    (
        Dimension(
            "intent",
            tuple(
                Label(
                    name,
                    (name,),
                    f"About {name}.",
                    tuple(one.format(thing) for one in patterns.split("|") for thing in THINGS[:4]),
                )
                for name, patterns in ASKED.items()
                if name != "parcel"
            ),
        ),
    ),
)


def test_against_a_taxonomy_only_what_it_lacks_is_found(tmp_path):
    save_taxonomy(SHOP, tmp_path / "shop.yaml")
    more = [
        Conversation(f"m-{at}", (Turn("customer", f"where is the parcel number {word}"),))
        for at, word in enumerate(("one", "two", "three", "four", "five", "six", "seven"))
    ]
    with project_with(tmp_path / "work", [*log(), *more]) as project:
        result = discover_intents(project, DiscoverOptions(against=tmp_path / "shop.yaml"))
    assert result.explained > 30
    examples = " ".join(text for one in result.intents for text in one.examples)
    assert "parcel" in examples
    assert all(one.nearest in SHOP["intent"].names for one in result.intents)
    made = load_taxonomy(result.taxonomy)
    assert made["intent"].labels[:3] == SHOP["intent"].labels
    assert made.version == 2
    with result.table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["nearest"] for row in rows} <= set(SHOP["intent"].names)
    if result.report is not None:
        assert "Beside the labels that there are" in result.report.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        (DiscoverOptions(calls=5), ConfigError, "cost nothing.*--by llm"),
        (DiscoverOptions(by="llm"), ConfigError, "no endpoint 'teacher' is configured"),
        (DiscoverOptions(against=Path("shop.yaml"), roles="both"), ConfigError, "can't tell what"),
        (DiscoverOptions(against=Path("nothing.yaml")), TaxonomyError, r"nothing\.yaml"),
        (
            DiscoverOptions(against=Path("shop.yaml"), dimension="mood"),
            TaxonomyError,
            "no dimension 'mood'.*There is intent",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path, monkeypatch, options, error, said):
    monkeypatch.chdir(tmp_path)
    save_taxonomy(SHOP, tmp_path / "shop.yaml")
    with project_with(tmp_path / "work", log()[:3]) as project, pytest.raises(error, match=said):
        discover_intents(project, options)


def test_a_workspace_without_conversations_says_what_to_do(tmp_path):
    with (
        project_with(tmp_path / "work", []) as project,
        pytest.raises(WorkspaceError, match=r"no conversation yet\. Run 'turnwise import FILE"),
    ):
        discover_intents(project)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["my card is lost"] * 30, "say the same|1 distinct"),
        (["my card is lost", "where is my order"], "2 distinct utterances, fewer than the 20"),
    ],
)
def test_too_little_is_told_with_what_became_of_it(tmp_path, texts, said):
    talks = [Conversation(f"c-{at}", (Turn("customer", one),)) for at, one in enumerate(texts)]
    with (
        project_with(tmp_path / "work", talks) as project,
        pytest.raises(DiscoveryError, match=said),
    ):
        discover_intents(project)


def test_odd_texts_and_mixed_languages_go_through(tmp_path):
    odd = [
        "",
        "   ",
        "wo ist mein paket " * 2_500,
        "我要退款",
        "😀",
        "\u202e order where",
        "où est",
    ]
    talks = [Conversation(f"o-{at}", (Turn("customer", text),)) for at, text in enumerate(odd * 2)]
    with project_with(tmp_path / "work", [*log(), *talks]) as project:
        result = discover_intents(project)
    assert result.turns == 3 * len(log()) + len(talks)
    assert any("characters the beginning was read" in note for note in result.notes)
    load_taxonomy(result.taxonomy)


@pytest.mark.parametrize("setting", ["epsilon: -1", "theta: 1.5", "rounds: 0", "method: best"])
def test_settings_out_of_range_are_told_with_their_line(tmp_path, setting):
    project_with(tmp_path / "work", []).close()
    path = tmp_path / "work" / "turnwise.yaml"
    text = path.read_text("utf-8")
    path.write_text(f"{text}discovery:\n  {setting}\n", encoding="utf-8")
    line = text.count("\n") + 2
    with pytest.raises(ConfigError, match=f"line {line}, field discovery.{setting.split(':')[0]}"):
        Project.open(tmp_path / "work")
