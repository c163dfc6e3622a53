"""What a terminal says of a discovery: two judges looked, and what to check first."""

from pathlib import Path

from turnwise.cli.show_discovery import MOST_DOUBTFUL, discovered
from turnwise.steps.discovering import DiscoverResult, FoundIntent


def intents(doubtful, sure=3):
    return tuple(
        FoundIntent(
            f"wish-{at}", f"Wish {at}", (f"wish-{at}",), 9, 0.1, at >= doubtful, ("a wish",)
        )
        for at in range(doubtful + sure)
    )


def said(capsys, found):
    good = sum(one.coherent for one in found) / max(len(found), 1)
    judges = {"judge": "the first", "final_judge": "the second", "namer": "rules", "rounds": 2}
    result = DiscoverResult(
        found, 60, 54, 6, 0, {}, good, merges=(), notes=(), taxonomy=None, table=None, report=None,
        **judges,
    )  # fmt: skip
    discovered(result, Path("work"), "", json=False)
    return " ".join(capsys.readouterr().out.split())


def test_both_judges_are_named_and_the_doubtful_intents_marked(capsys):
    text = said(capsys, intents(doubtful=2))
    assert "In the loop, the first kept what stands apart from the rest, in 2 rounds" in text
    assert "At the end, the second read the 5 intents: 3 are about one thing (60.0%)" in text
    assert "2 may be about several" in text
    assert "check these first: wish-0, wish-1" in text
    assert text.count("(check)") == 2


def test_of_many_doubtful_intents_the_largest_are_named(capsys):
    text = said(capsys, intents(doubtful=MOST_DOUBTFUL + 4))
    assert "wish-4 and 4 more, marked (check)" in text


def test_without_doubt_there_is_nothing_to_check(capsys):
    text = said(capsys, intents(doubtful=0))
    assert "check" not in text
    assert "3 are about one thing (100.0%)" in text
