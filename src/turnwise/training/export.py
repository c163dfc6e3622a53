"""Encoder and classifier as one ONNX graph.

    input_ids, attention_mask --encoder--> embedding --+
    known ---------------------------------------------+--> vectors --classifier--> logits_0, ...
    turns, roles --------------------------------------------------------^

`turns` are places in the rows of `known` followed by those of the texts encoded in the same call.
So one call answers for a whole conversation, many can be served from texts that were encoded
once, and a server may hand in what it has kept of the turns before.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.errors import EncoderError

if TYPE_CHECKING:
    from onnx import GraphProto

    from turnwise.training.model import TurnClassifier

ENCODED = "embedding"  # the output of an exported encoder
PREFIX = "classifier/"
OPSET = 17  # that of the exported encoder: graphs merge when they are of one


def export_graph(encoder: Path, model: TurnClassifier, target: Path) -> None:
    """Write one graph of an exported encoder and a classifier.

    Args:
        encoder: the ONNX file of the encoder.
        target: the file to write; the classifier's own graph stands beside it for a moment.

    Raises:
        EncoderError: the encoder's graph is none that `prepare_encoder` writes.
    """
    import onnx
    from onnx.compose import add_prefix

    half = target.with_suffix(".classifier.onnx")
    _export_classifier(model, half)
    # Inputs and outputs keep their names: those that the bundle uses.
    top = add_prefix(onnx.load(str(half)), PREFIX, rename_inputs=False, rename_outputs=False)
    half.unlink()
    merged = onnx.load(str(encoder))
    if [out.name for out in merged.graph.output] != [ENCODED]:
        raise EncoderError(f"{encoder}: not a graph of an encoder. Delete its folder and rerun")
    _put_on(merged.graph, top.graph)
    merged.graph.output[0].CopyFrom(
        onnx.helper.make_tensor_value_info(
            ENCODED, onnx.TensorProto.FLOAT, ["texts", model.shape.vector]
        )
    )
    onnx.save(merged, str(target))
    onnx.checker.check_model(str(target))


def _put_on(graph: GraphProto, top: GraphProto) -> None:
    """Add a graph whose input `encoded` is another's output.

    `onnx.compose.merge_models` does the same, but copies the encoder's weights five times.
    """
    for node in top.node:
        for place, name in enumerate(node.input):
            if name == "encoded":
                node.input[place] = ENCODED
    graph.node.extend(top.node)
    graph.initializer.extend(top.initializer)
    graph.value_info.extend(top.value_info)
    graph.input.extend(one for one in top.input if one.name != "encoded")
    graph.output.extend(top.output)


def _export_classifier(model: TurnClassifier, target: Path) -> None:
    import torch

    class OnVectors(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(
            self,
            known: torch.Tensor,
            encoded: torch.Tensor,
            turns: torch.Tensor,
            roles: torch.Tensor,
        ) -> tuple[torch.Tensor, ...]:
            logits: tuple[torch.Tensor, ...] = self.model(torch.cat([known, encoded]), turns, roles)
            return logits

    width = model.shape.history + 1
    vectors = torch.zeros(3, model.shape.vector)
    turns, roles = torch.zeros(2, width, dtype=torch.long), torch.ones(2, width, dtype=torch.long)
    outputs = logit_names(len(model.shape.labels))
    axes = {"known": {0: "known"}, "encoded": {0: "texts"}}
    axes |= {name: {0: "examples"} for name in ("turns", "roles", *outputs)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's age: it is the encoder's, too
        torch.onnx.export(
            OnVectors().eval(),
            (vectors, vectors, turns, roles),
            str(target),
            input_names=["known", "encoded", "turns", "roles"],
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )


def logit_names(dimensions: int) -> list[str]:
    """Names of the outputs, in the taxonomy's order of dimensions."""
    return [f"logits_{place}" for place in range(dimensions)]
