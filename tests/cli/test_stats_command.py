"""`turnwise stats` tells what is in the logs, and writes what chains are sampled from."""

from __future__ import annotations

import json

import pytest

from turnwise.generation.chains import load_statistics
from turnwise.taxonomy import load_taxonomy

TAXONOMY = """
name: shop
dimensions:
  domain:
    labels: [{name: TRIP}, {name: STAY}]
  intent:
    labels: [{name: ASK}, {name: BOOK}, {name: "<b>PAY</b>"}]
"""


def record(number):
    said = [("ASK", "TRIP"), ("BOOK", "TRIP"), ("<b>PAY</b>", "STAY")][: 1 + number % 3]
    turns = [
        turn
        for at, (intent, domain) in enumerate(said)
        for turn in (
            {
                "role": "customer",
                "text": f"secret words {number} {at}",
                "gold": {"intent": intent, "domain": domain},
            },
            {"role": "agent", "text": "Sure."},
        )
    ]
    return {"id": f"c{number}", "market": "de" if number % 2 else "at", "turns": turns}


@pytest.fixture
def workspace(turnwise, tmp_path):
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY, encoding="utf-8")
    folder = tmp_path / "work"
    turnwise("init", folder, "--taxonomy", tmp_path / "taxonomy.yaml")
    return folder


@pytest.fixture
def labelled(turnwise, workspace, tmp_path):
    logs = tmp_path / "logs.jsonl"
    logs.write_text("".join(json.dumps(record(one)) + "\n" for one in range(60)), "utf-8")
    turnwise("import", logs, "-w", workspace)
    return workspace


def test_with_gold_a_summary_is_told_and_both_files_are_written(turnwise, labelled):
    out = turnwise("stats", "-w", labelled).stdout
    assert "60 conversations" in out
    assert "unknown" not in out  # the logs tell no time and no locale
    assert "Chains: " in out
    assert "P(T): 1 " in out
    assert "ASK → BOOK" in out
    assert "100.0% change a label" in out
    read = load_statistics(labelled / "statistics.json", load_taxonomy(labelled / "taxonomy.yaml"))
    assert read.dimensions == ("domain", "intent")
    assert {*read.markets} == {"at", "de"}


def test_the_files_quote_no_customer_and_hold_no_markup_of_labels(turnwise, labelled):
    turnwise("stats", "-w", labelled)
    page = (labelled / "statistics.html").read_text("utf-8")
    assert "<b>PAY" not in page
    assert "secret words" not in page + (labelled / "statistics.json").read_text("utf-8")


def test_the_json_keeps_what_it_told_and_tells_of_chains(turnwise, labelled):
    told = json.loads(turnwise("stats", "-w", labelled, "--json").stdout)
    assert told["conversations"] == 60
    assert told["labels"]["intent"]["counts"]["ASK"] == 60
    chains = told["chains"]
    assert chains["first"][0]["label"] == "ASK"
    assert chains["following"][0]["next"] == "BOOK"
    assert chains["switching"] == 1
    assert chains["file"] == str(labelled / "statistics.json")


def test_the_same_logs_give_the_same_files(turnwise, labelled):
    files = [labelled / "statistics.json", labelled / "statistics.html"]
    turnwise("stats", "-w", labelled)
    first = [one.read_bytes() for one in files]
    turnwise("stats", "-w", labelled)
    assert [one.read_bytes() for one in files] == first


def test_without_labels_the_logs_are_counted_all_the_same(turnwise, workspace, tmp_path):
    bare = record(2)
    bare["turns"] = [{**turn, "gold": {}} for turn in bare["turns"]]
    logs = tmp_path / "bare.jsonl"
    logs.write_text(json.dumps(bare) + "\n", encoding="utf-8")
    turnwise("import", logs, "-w", workspace)
    out = turnwise("stats", "-w", workspace).stdout
    assert "1 conversations, 6 turns" in out
    assert "No statistics of chains: no conversation is labelled yet" in out
    assert not (workspace / "statistics.json").exists()


def test_gold_that_the_taxonomy_lacks_keeps_no_counts_back(turnwise, labelled):
    path = labelled / "taxonomy.yaml"
    path.write_text(path.read_text("utf-8").replace("{name: BOOK}", "{name: RENT}"), "utf-8")
    told = json.loads(turnwise("stats", "-w", labelled, "--json").stdout)
    assert told["conversations"] == 60
    assert "BOOK" in told["chains"]["without"]


def test_without_a_taxonomy_the_way_to_one_is_told(turnwise, tmp_path):
    out = turnwise("init", tmp_path / "work").stdout
    assert "turnwise import" in out
    assert "turnwise discover" in out
