from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from turnwise.bundle.refusal import (
    CENTROIDS,
    COMBINED,
    ENERGY,
    IN_COMBINATION,
    MAHALANOBIS,
    NEIGHBOURS,
    PROBABILITY,
    REFUSAL,
    Conformal,
    OutOfDomain,
    RefusalArrays,
    Refuser,
    Scale,
)
from turnwise.errors import BundleError


@pytest.fixture
def arrays() -> RefusalArrays:
    """Two classes on the first two axes, a background around the origin."""
    eye = np.eye(3, dtype=np.float32)
    return RefusalArrays(
        neighbours=eye[:2].astype(np.float16),
        classes=np.array([0, 2]),
        means=eye[:2],
        whitening=eye * 2,
        background_mean=np.zeros((1, 3), np.float32),
        background=eye,
    )


@pytest.fixture
def facts() -> OutOfDomain:
    names = (NEIGHBOURS, MAHALANOBIS, CENTROIDS, f"{ENERGY} wish", "probability wish")
    scales = {name: Scale(1.0, 2.0) for name in names}
    return OutOfDomain("wish", 0.05, 100, scales, {COMBINED: -0.5})


def test_arrays_come_back_as_they_were_written(tmp_path, arrays):
    arrays.write(tmp_path / REFUSAL)
    back = RefusalArrays.read(tmp_path / REFUSAL)
    for field in fields(arrays):
        kept, read = getattr(arrays, field.name), getattr(back, field.name)
        assert kept.dtype == read.dtype
        assert (kept == read).all()


def test_the_same_arrays_make_the_same_file(tmp_path, arrays):
    arrays.write(tmp_path / "a.npz")
    arrays.write(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("neighbours", np.ones((2, 3), np.float32)),
        ("neighbours", np.ones((2, 4), np.float16)),
        ("neighbours", np.ones((0, 3), np.float16)),
        ("whitening", np.ones((2, 3), np.float32)),
        ("whitening", np.float32(1)),
        ("means", np.ones(3, np.float32)),
        ("means", np.ones((3, 3), np.float32)),
        ("classes", np.array([0.0, 1.0])),
        ("classes", np.array([0, 1, 2])),
        ("classes", np.int64(2)),
        ("means", np.full((2, 3), np.nan, np.float32)),
        ("background_mean", np.ones((2, 3), np.float32)),
        ("background", np.array([["a"]])),
        ("background", np.array([[{}]], object)),
    ],
)
def test_arrays_of_another_shape_or_kind_are_refused(tmp_path, arrays, name, array):
    kept = {field.name: getattr(arrays, field.name) for field in fields(arrays)}
    np.savez(tmp_path / REFUSAL, **{**kept, name: array})
    with pytest.raises(BundleError, match=r"refusal\.npz: can't be read"):
        RefusalArrays.read(tmp_path / REFUSAL)


def test_compressed_arrays_are_refused_before_they_swell(tmp_path, arrays):
    kept = {field.name: getattr(arrays, field.name) for field in fields(arrays)}
    np.savez_compressed(tmp_path / REFUSAL, **kept)
    with pytest.raises(BundleError, match=r"refusal\.npz: can't be read.*compressed"):
        RefusalArrays.read(tmp_path / REFUSAL)


@pytest.mark.parametrize(
    "damage", ["missing", "empty", "cut off", "text", "one array", "lacks one"]
)
def test_a_damaged_file_is_refused(tmp_path, arrays, damage):
    path = tmp_path / REFUSAL
    arrays.write(path)
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "one array":
        with path.open("wb") as file:
            np.save(file, arrays.means)
    elif damage == "lacks one":
        np.savez(path, means=arrays.means)
    else:
        contents = {"empty": b"", "cut off": whole[: len(whole) // 2], "text": b"not arrays"}
        path.write_bytes(contents[damage])
    with pytest.raises(BundleError, match=r"refusal\.npz: can't be read.*turnwise train"):
        RefusalArrays.read(path)


def test_scores_are_what_their_formulas_say(arrays, facts):
    vectors = np.array([[1, 0, 0], [0, 0, 1]], np.float32)
    logits = {"wish": np.array([[2, 0, 2 - np.log(3)], [0, 9, 0]], np.float32)}
    scores = Refuser(arrays, facts).scores(logits, vectors)
    total = np.log(np.exp(logits["wish"]).sum(1))
    shares = np.array([[0.75, 0.25], [0.5, 0.5]])  # the label between was never trained on
    raw = {
        PROBABILITY: -np.exp([2 - total[0], 9 - total[1]]),
        ENERGY: -total,
        NEIGHBOURS: -np.array([0.5, 0]),  # the mean of both neighbours
        MAHALANOBIS: (shares * [[0, 8], [8, 8]]).sum(1) - 1,
        CENTROIDS: -(shares * [[1, 0], [0, 0]]).sum(1),
    }
    for name, values in raw.items():
        assert scores[name] == pytest.approx((values - 1) / 2, abs=1e-5), name
    combined = np.mean([scores[name] for name in IN_COMBINATION], axis=0)
    assert scores[COMBINED] == pytest.approx(combined)


def test_a_turn_over_the_threshold_is_refused(arrays, facts):
    vectors = np.array([[1, 0, 0], [0, 0, 1]], np.float32)
    logits = {"wish": np.array([[4, 0, 0], [0, 0, 0]], np.float32)}
    refuser = Refuser(arrays, facts)
    low, high = refuser.scores(logits, vectors)[COMBINED]
    assert low < high
    for threshold, refused in ((low, [False, True]), (high, [False, False])):
        strict = replace(facts, thresholds={COMBINED: threshold})
        assert Refuser(arrays, strict).refused(logits, vectors).tolist() == refused


def test_energies_of_several_dimensions_count_as_one_score(arrays, facts):
    scales = {**facts.scales, "energy mood": Scale(0.0, 1.0), "probability mood": Scale(0.0, 1.0)}
    vectors = np.array([[1, 0, 0]], np.float32)
    wish, mood = np.array([[2, 0, 0]], np.float32), np.array([[0, 1]], np.float32)
    both = Refuser(arrays, replace(facts, scales=scales))
    found = both.scores({"wish": wish, "mood": mood}, vectors)[ENERGY]
    apart = (-np.log(np.exp(2) + 2) - 1) / 2, -np.log(1 + np.exp(1))
    assert found == pytest.approx([np.mean(apart)])


def test_a_set_holds_labels_from_their_threshold_on_and_the_likeliest_always():
    shares = np.array([[0.5, 0.25, 0.25], [0.34, 0.33, 0.33]], np.float32)
    sets = Conformal(0.9, 100, 0.25, (0.6, 0.2, 0.3), 3)
    assert sets.prediction_set(shares).tolist() == [[True, True, True], [True, True, True]]
    assert sets.prediction_set(shares, by_label=True).tolist() == [
        [True, True, False],
        [True, True, True],
    ]
    strict = replace(sets, least=0.9)
    assert strict.prediction_set(shares).sum(1).tolist() == [1, 1]
