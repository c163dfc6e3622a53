"""The loop keeps what its judge calls good, ends with every judge, and resumes at the round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from turnwise.clusters import Round, Space, Trial, Utterance, Verdict
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.loop import best, find_clusters
from turnwise.errors import DiscoveryError

INTENTS, EACH = 8, 25


class Memory(dict):
    """Rounds by number."""

    def put(self, found: Round) -> None:
        self[found.number] = found


class RuleJudge:
    """Answers what a rule says of a cluster's rows, and remembers what it was shown."""

    source_name = "rule"

    def __init__(self, rule: Callable[[np.ndarray], bool], heard: bool = True) -> None:
        self.rule, self.heard, self.shown = rule, heard, []

    def judge(self, space, clusters):
        self.shown += clusters
        good = [bool(self.rule(rows)) for rows in clusters]
        return [Verdict(one, float(one), heard=self.heard) for one in good]


def pure(rows: np.ndarray) -> bool:
    return np.bincount(rows // EACH).max() >= 0.8 * len(rows)


def always(rows: np.ndarray) -> bool:
    return True


def never(rows: np.ndarray) -> bool:
    return False


def space_of(spread: float = 1.2, intents: int = INTENTS, each: int = EACH) -> Space:
    """Utterances of some intents in turn, spread around one direction each."""
    draw = np.random.default_rng(5)
    rows = np.repeat(np.eye(intents, 24), each, axis=0)
    rows = rows + spread / 24**0.5 * draw.normal(size=rows.shape)
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    texts = tuple(Utterance(f"text {number}") for number in range(len(vectors)))
    return Space(texts, vectors, vectors)


SPACE = space_of()
CONFIG = DiscoveryConfig()


def run(rule=pure, config=CONFIG, store=None, space=SPACE, **more):
    return find_clusters(
        space, RuleJudge(rule), config, Memory() if store is None else store, **more
    )


def rows_of(found) -> list[int]:
    return sorted(int(row) for rows in (*found.clusters, found.left) for row in rows)


@pytest.mark.parametrize("method", ["auto", "ward", "kmeans", "average", "gmm"])
def test_the_intents_are_found_without_their_number(method):
    found = run(config=replace(CONFIG, method=method))
    assert abs(len(found.clusters) - INTENTS) <= 1
    right = sum(np.bincount(rows // EACH).max() for rows in found.clusters)
    assert right >= 0.9 * len(SPACE)


@pytest.mark.parametrize("rule", [pure, always, never, lambda rows: rows[0] % 2 == 0])
def test_every_row_is_in_one_cluster_or_left(rule):
    found = run(rule)
    assert rows_of(found) == list(range(len(SPACE)))
    assert len(found.scores) == len(found.clusters)
    assert len(found.rounds) <= CONFIG.rounds


def test_the_same_input_gives_the_same_clusters():
    one, other = run(), run()
    assert one.rounds == other.rounds
    assert [rows.tolist() for rows in one.clusters] == [rows.tolist() for rows in other.clusters]


def test_a_judge_that_calls_everything_bad_ends_the_loop_with_nothing():
    found = run(never)
    assert not found.clusters
    assert len(found.rounds) == 1
    assert len(found.left) == len(SPACE)
    assert "called no cluster good" in found.notes[0]


def test_a_judge_that_calls_everything_good_is_told_of():
    found = run(always, replace(CONFIG, candidates=(0.5, 1.0, 4.0)))
    assert found.clusters
    assert "whatever their number" in found.notes[0]


def test_a_judge_that_does_not_answer_is_told_of():
    found = find_clusters(SPACE, RuleJudge(never, heard=False), CONFIG, Memory())
    assert not found.clusters
    assert any("no usable answer" in note for note in found.notes)


def test_an_interrupted_run_resumes_at_its_round_and_ends_the_same():
    hard = space_of(spread=2.5)
    config = replace(CONFIG, epsilon=0)
    whole = run(space=hard, config=config)
    assert len(whole.rounds) > 1
    for done in range(1, len(whole.rounds) + 1):
        store = Memory({one.number: one for one in whole.rounds[:done]})
        judge = RuleJudge(pure)
        resumed = find_clusters(hard, judge, config, store)
        assert resumed.rounds == whole.rounds
        assert [rows.tolist() for rows in resumed.clusters] == [
            rows.tolist() for rows in whole.clusters
        ]
        assert bool(judge.shown) == (done < len(whole.rounds))


def test_the_next_round_clusters_only_what_was_left():
    store = Memory()
    judge = RuleJudge(lambda rows: pure(rows) and rows[0] // EACH < 4)
    find_clusters(SPACE, judge, CONFIG, store)
    first, second = store[1], store[2]
    left = set(first.left)
    assert all(left >= set(map(int, rows)) for rows in judge.shown[-second.trials[-1].bad :])
    assert left.isdisjoint(row for rows in first.kept for row in rows)


def test_a_cluster_that_is_too_small_is_neither_shown_nor_kept():
    judge = RuleJudge(always)
    config = replace(CONFIG, smallest=20, candidates=(60.0,), method="kmeans")
    found = find_clusters(SPACE, judge, config, Memory())
    assert all(len(rows) >= 20 for rows in [*judge.shown, *found.clusters])
    assert found.rounds[0].trials[0].bad > 0


def test_few_bad_clusters_end_the_loop():
    rule = lambda rows: rows[0] // EACH > 1  # noqa: E731
    assert len(run(rule, replace(CONFIG, epsilon=3)).rounds) == 1
    assert len(run(rule, replace(CONFIG, epsilon=0)).rounds) > 1


def test_later_rounds_try_what_pruning_promises_and_keep_its_guesses():
    rule = lambda rows: pure(rows) and rows[0] // EACH < 4  # noqa: E731
    ladder = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    pruned = run(rule, replace(CONFIG, candidates=ladder))
    every = run(rule, replace(CONFIG, candidates=ladder, prune=False))
    assert pruned.rounds[0].predicted == ()
    assert sorted(pruned.rounds[1].predicted) == [
        trial.candidate for trial in pruned.rounds[1].trials
    ]
    assert len(pruned.rounds[1].trials) == 5
    assert len(every.rounds[1].trials) == len(ladder)
    assert len(every.rounds[1].predicted) == 5


def test_no_bad_cluster_is_best_and_then_more_sentences_decide():
    trials = [Trial(2, 9, 1, 90, 10), Trial(4, 3, 0, 30, 0), Trial(8, 3, 0, 50, 0)]
    assert best(trials) == 2
    assert best([*trials[:1], Trial(3, 0, 0, 0, 0)]) == 0


def test_too_few_utterances_are_an_error():
    with pytest.raises(DiscoveryError, match="19 distinct utterances are too few"):
        run(space=SPACE.take(np.arange(19)))
    assert rows_of(run(space=SPACE.take(np.arange(20)))) == list(range(20))


def test_utterances_that_all_say_the_same_are_an_error():
    same = np.tile(SPACE.vectors[:1], (50, 1))
    with pytest.raises(DiscoveryError, match="nothing to tell apart"):
        run(space=Space(SPACE.utterances[:50], same, same))


def test_progress_tells_the_rounds():
    told = []
    run(progress=lambda what, done, total, note="": told.append((what, done, total, note)))
    assert told[0] == ("cluster and judge", 0, CONFIG.rounds, f"{len(SPACE)} left")
    assert told[-1][1] == CONFIG.rounds


@pytest.mark.parametrize(("rule", "heard"), [(always, True), (never, False)])
def test_notes_on_the_judge_are_the_same_when_the_rounds_were_kept(rule, heard):
    kept = Memory()
    first, again = (find_clusters(SPACE, RuleJudge(rule, heard), CONFIG, kept) for _ in range(2))
    assert first.notes == again.notes != ()
