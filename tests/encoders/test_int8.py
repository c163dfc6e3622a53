"""Eight-bit products give the answer of float ones, nearly, and in every batch the same."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from turnwise.encoders import int8, open_session
from turnwise.encoders.int8 import processor_flags, quantize_rows, weight_levels

WIDTH, OUT = 96, 64
LEVELS = weight_levels(processor_flags())  # as is exported here: with more, products overflow
NEAR = 0.999 if LEVELS == 127 else 0.998  # half the levels of a weight: coarser


def save_layers(path: Path, opset: int = 17) -> Path:
    """x -> relu(x A) B, with one channel of x far above the others."""
    random = np.random.default_rng(0)
    weights = {
        "A": random.normal(size=(WIDTH, OUT)).astype(np.float32),
        "B": random.normal(size=(OUT, WIDTH)).astype(np.float32),
        "small": random.normal(size=(WIDTH, 3)).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "A"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["positive"]),
        helper.make_node("MatMul", ["positive", "B"], ["y"]),
        helper.make_node("MatMul", ["y", "small"], ["head"]),
    ]
    graph = helper.make_graph(
        nodes,
        "layers",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", WIDTH])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(model, str(path))
    return path


def rows(count: int, seed: int = 1) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)
    values[:, 7] *= 40
    return values


def run(path: Path, x: np.ndarray) -> np.ndarray:
    return open_session(path, threads=1).run(["y"], {"x": x})[0]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("int8")
    source = save_layers(folder / "fp32.onnx")
    assert quantize_rows(source, folder / "int8.onnx", [{"x": rows(20)}], LEVELS) == 2
    return source, folder / "int8.onnx"


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    product = (one * other).sum(axis=1)
    return product / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def test_products_are_near_those_of_floats_in_spite_of_an_outlier(models: tuple[Path, Path]):
    x = rows(50, seed=2)
    assert cosine(run(models[0], x), run(models[1], x)).min() > NEAR


def test_smoothing_is_what_holds_against_the_outlier(
    models: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(int8, "_smoothing", lambda top, _: np.ones_like(top))
    quantize_rows(models[0], tmp_path / "plain.onnx", [{"x": rows(20)}], LEVELS)
    x = rows(50, seed=2)
    expected = run(models[0], x)
    smooth, plain = (
        cosine(expected, run(path, x)) for path in (models[1], tmp_path / "plain.onnx")
    )
    worth = 0.5 if LEVELS == 127 else 1.0  # coarse weights err more than what smoothing mends
    assert 1 - smooth.mean() < worth * (1 - plain.mean())


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_a_row_comes_out_the_same_whatever_stands_beside_it(
    models: tuple[Path, Path], count: int, seed: int, loud: float
):
    x = rows(count, seed)
    crowd = np.vstack([x, rows(3, seed + 1) * np.float32(loud)])
    np.testing.assert_allclose(run(models[1], crowd)[:count], run(models[1], x), rtol=1e-5)


def test_a_row_of_zeros_stays_finite(models: tuple[Path, Path]):
    assert np.isfinite(run(models[1], np.zeros((2, WIDTH), np.float32))).all()


def test_small_weights_stay_float_and_old_ones_are_gone(models: tuple[Path, Path]):
    held = {one.name for one in onnx.load(models[1]).graph.initializer}
    assert "small" in held
    assert not {"A", "B"} & held


def test_newer_opsets_are_rewritten_too(tmp_path: Path):
    source = save_layers(tmp_path / "fp32.onnx", opset=21)
    quantize_rows(source, tmp_path / "int8.onnx", [{"x": rows(20)}], LEVELS)
    x = rows(10, seed=3)
    assert cosine(run(source, x), run(tmp_path / "int8.onnx", x)).min() > NEAR


@pytest.mark.parametrize(
    ("machine", "flags", "levels"),
    [
        ("x86_64", {"avx2"}, 63),
        ("x86_64", set(), 63),
        ("x86_64", {"avx2", "avx512_vnni"}, 127),
        ("aarch64", {"asimddp"}, 127),
    ],
)
def test_weights_keep_a_bit_less_where_sums_would_overflow(
    monkeypatch: pytest.MonkeyPatch, machine: str, flags: set[str], levels: int
):
    monkeypatch.setattr(int8.platform, "machine", lambda: machine)
    assert weight_levels(frozenset(flags)) == levels


def test_half_the_levels_are_near_as_well(models: tuple[Path, Path], tmp_path: Path):
    quantize_rows(models[0], tmp_path / "int8.onnx", [{"x": rows(20)}], levels=63)
    x = rows(50, seed=2)
    assert cosine(run(models[0], x), run(tmp_path / "int8.onnx", x)).min() > 0.998
