"""Eight-bit matrix products for an ONNX graph, one scale per token.

    fp32 graph + a few inputs --observe ranges--> smoothing --rewrite--> int8 graph

Each MatMul with constant weights becomes integers times integers. Weights are rounded per output
channel; activations per row, that is per token, while the model runs. So what a text's numbers
are rounded by is the text itself: its result is the same in every batch, which the one scale
per tensor of ONNX Runtime's own dynamic quantisation can't promise.

Two things are done against outliers, both without changing the product:
channels are scaled between activations and weights before rounding (SmoothQuant, Xiao et al.,
2023, arXiv 2211.10438), and inputs that are positive but for a little, as after a gelu, are
shifted so that all 256 steps are used. benchmarks/encoding.py prints what it gives and costs.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

Floats = NDArray[np.float32]
Feed = Mapping[str, NDArray[np.int64]]  # input name -> Int64[n_texts, length]

# How far outliers move from activations to weights: the paper's alpha; of .5, .65 and .8 this
# kept the vectors of all-MiniLM-L6-v2 nearest to fp32.
SMOOTHING = 0.65
ONE_SIDED = 1 / 8  # an input counts as positive where its lowest is this small beside its highest
SMALLEST = 64 * 64  # weights under this many stay float: they cost nothing and decide the answer
CONTRIB = "com.microsoft"


def quantize_rows(source: Path, target: Path, feeds: Sequence[Feed], levels: int = 127) -> int:
    """Write the int8 form of an fp32 graph; return how many products were rewritten.

    Args:
        source, target: ONNX files of one file each.
        feeds: inputs as the model will see them; some dozens of texts are enough, since they
            only tell which channels run high.
        levels: steps of a weight on each side of zero; see `weight_levels`.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(source))
    weights = {held.name: held for held in model.graph.initializer}
    linears = {node.output[0]: node for node in model.graph.node if _is_linear(node, weights)}
    arrays = {
        node.input[1]: numpy_helper.to_array(weights[node.input[1]]) for node in linears.values()
    }
    readers: dict[str, list[Floats]] = {}
    for node in linears.values():
        readers.setdefault(node.input[0], []).append(arrays[node.input[1]])
    ranges = _observe(model, list(readers), feeds)
    graph = _Growing(model.opset_import[0].version)
    inputs: dict[str, _Rounded] = {}
    for node in model.graph.node:
        if node.output[0] not in linears:
            graph.nodes.append(node)
            continue
        name = node.input[0]
        if name not in inputs:
            inputs[name] = _round_input(graph, name, ranges[name], readers[name])
        _multiply(graph, node, inputs[name], arrays[node.input[1]], levels)
    _replace(model, graph)
    onnx.save(model, str(target))
    return len(linears)


def weight_levels(flags: frozenset[str]) -> int:
    """Return the steps of a weight beside zero that a processor multiplies without overflow.

    x86 without VNNI adds pairs of products in 16 bits, which full-range weights overflow.
    """
    if platform.machine().lower() not in {"x86_64", "amd64", "i686"}:
        return 127
    return 127 if flags & {"avx512_vnni", "avx_vnni", "amx_int8"} else 63


def processor_flags() -> frozenset[str]:
    """Return which of the instruction sets that matter here the processor has.

    Empty where the system doesn't tell (not Linux).
    """
    known = {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    said = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return frozenset(known & set(said.split()))


@dataclass(frozen=True, slots=True)
class _Range:
    """What was seen of an input: top Float32[n_channels] of absolute values, and the ends."""

    top: Floats
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Rounded:
    """An input after rounding: names of its tensors, and what was done to its channels.

    Attributes:
        codes, scale: names of the uint8 tensor and of the factor of each row.
        step, zero: names of the constants between codes and numbers.
        factor: Float32[n_channels] that the weights take over.
        shift: what was subtracted from every number.
    """

    codes: str
    scale: str
    step: str
    zero: str
    factor: Floats
    shift: float


class _Growing:
    """The nodes and constants of a graph being rewritten."""

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, op: str, inputs: Sequence[str], output: str, domain: str = "") -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, list(inputs), [output], domain=domain))
        return output

    def row_max(self, name: str, output: str) -> str:
        """The largest of each row; its axis is an attribute before opset 18, an input since."""
        from onnx import helper

        if self.opset >= 18:
            axis = self.constant(f"{output}.axis", np.array([-1], np.int64))
            return self.add("ReduceMax", [name, axis], output)
        self.nodes.append(helper.make_node("ReduceMax", [name], [output], axes=[-1], keepdims=1))
        return output

    def constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def _is_linear(node: NodeProto, weights: Mapping[str, TensorProto]) -> bool:
    if node.op_type != "MatMul" or node.input[1] not in weights:
        return False
    shape = weights[node.input[1]].dims
    return len(shape) == 2 and shape[0] * shape[1] >= SMALLEST


def _observe(model: ModelProto, names: Sequence[str], feeds: Sequence[Feed]) -> dict[str, _Range]:
    """Run the fp32 graph and note the ranges of the inputs of its products."""
    import onnx
    from onnx import helper

    from turnwise.encoders.session import open_session

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    for name in names:
        watched.graph.output.append(
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        )
    session = open_session(watched.SerializeToString(), threads=1)
    ranges: dict[str, _Range] = {}
    for feed in feeds:
        for name, seen in zip(names, session.run(list(names), dict(feed)), strict=True):
            top = np.abs(seen).reshape(-1, seen.shape[-1]).max(axis=0)
            old = ranges.get(name, _Range(top, 0.0, 0.0))
            low, high = min(old.low, float(seen.min())), max(old.high, float(seen.max()))
            ranges[name] = _Range(np.maximum(old.top, top), low, high)
    return ranges


def _round_input(graph: _Growing, name: str, seen: _Range, weights: Sequence[Floats]) -> _Rounded:
    """Round each row of an input to uint8 by its own largest number."""
    b = f"{name}.int8"
    one_sided = -seen.low < ONE_SIDED * seen.high
    factor = np.ones_like(seen.top) if one_sided else _smoothing(seen.top, weights)
    if one_sided:
        shift = graph.constant(f"{b}.shift", np.float32(seen.low))
        moved = graph.add("Sub", [name, shift], f"{b}.moved")
        largest = graph.row_max(moved, f"{b}.largest")
    else:
        inverse = graph.constant(f"{b}.inverse", (1 / factor).astype(np.float32))
        moved = graph.add("Mul", [name, inverse], f"{b}.moved")
        largest = graph.row_max(graph.add("Abs", [moved], f"{b}.abs"), f"{b}.largest")
    steps, middle = (255, 0) if one_sided else (127, 128)
    step = graph.constant(f"{b}.step", np.float32(1 / steps))
    zero = graph.constant(f"{b}.zero", np.uint8(middle))
    tiny = graph.constant(f"{b}.tiny", np.float32(1e-9))  # a row of zeros divides by this
    scale = graph.add("Max", [largest, tiny], f"{b}.scale")
    level = graph.add("Div", [moved, scale], f"{b}.level")
    codes = graph.add("QuantizeLinear", [level, step, zero], f"{b}.codes")
    return _Rounded(codes, scale, step, zero, factor, seen.low if one_sided else 0.0)


def _smoothing(top: Floats, weights: Sequence[Floats]) -> Floats:
    """Factor per channel that activations are divided by and weights multiplied by."""
    heaviest = np.max([np.abs(weight).max(axis=1) for weight in weights], axis=0)
    factor = np.maximum(top, 1e-5) ** SMOOTHING / np.maximum(heaviest, 1e-5) ** (1 - SMOOTHING)
    centred: Floats = (factor / np.exp(np.log(factor).mean())).astype(np.float32)
    return centred


def _multiply(
    graph: _Growing, node: NodeProto, rounded: _Rounded, weight: Floats, levels: int
) -> None:
    """Replace a product of floats by one of integers, then undo scale and shift."""
    b = f"{node.output[0]}.int8"
    wanted = weight * rounded.factor[:, None]
    step = np.abs(wanted).max(axis=0) / levels
    step = np.where(step == 0, 1, step).astype(np.float32)
    codes = np.clip(np.rint(wanted / step), -levels, levels).astype(np.int8)
    held = graph.constant(f"{b}.weight", codes)
    steps = graph.constant(f"{b}.steps", step)
    factors = [rounded.codes, held, rounded.step, steps, rounded.zero]
    product = graph.add("MatMulIntegerToFloat", factors, f"{b}.product", CONTRIB)
    if not rounded.shift:
        graph.add("Mul", [product, rounded.scale], node.output[0])
        return
    shifted = (rounded.shift * (codes * step).sum(axis=0)).astype(np.float32)
    scaled = graph.add("Mul", [product, rounded.scale], f"{b}.scaled")
    graph.add("Add", [scaled, graph.constant(f"{b}.back", shifted)], node.output[0])


def _replace(model: ModelProto, grown: _Growing) -> None:
    """Put the new nodes in, and leave out the weights that nothing reads any more."""
    from onnx import helper

    graph: GraphProto = model.graph
    read = {name for node in grown.nodes for name in node.input}
    kept = [held for held in graph.initializer if held.name in read]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(grown.nodes)
    graph.initializer.extend([*kept, *grown.constants])
    if all(known.domain != CONTRIB for known in model.opset_import):
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
