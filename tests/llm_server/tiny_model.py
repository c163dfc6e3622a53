"""A language model of half a megabyte, made on the spot: a two-layer Llama with random weights.

Its vocabulary is learnt from the sample, its weights are drawn from a fixed seed. What it says
is noise; what a server makes of it under a schema, at its limits and all at once is real.

    python -m tests.llm_server.tiny_model tiny.gguf
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from tokenizers import ByteLevelBPETokenizer

SAMPLE = Path(__file__).parents[2] / "examples" / "larkspur" / "conversations.jsonl"
SEED = 7
VOCABULARY, WIDTH, LAYERS, HEADS, INNER, CONTEXT = 512, 64, 2, 4, 128, 16384
BEGIN, END = "<|im_start|>", "<|im_end|>"
SHARP = 3.0  # attention to few tokens, so that answers differ with the prompt
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
VERSION, ALIGNMENT, FLOAT32 = 3, 32, 0
UINT32, INT32, REAL, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
CONTROL, NORMAL = 3, 1  # kinds of tokens

Tensors = dict[str, np.ndarray]


def write_tiny_model(path: Path) -> Path:
    """Write the model as a GGUF file. Gives the path."""
    tokens, merges = _vocabulary()
    fields = {
        "general.architecture": "llama",
        "general.name": "tiny",
        "llama.context_length": CONTEXT,
        "llama.embedding_length": WIDTH,
        "llama.block_count": LAYERS,
        "llama.feed_forward_length": INNER,
        "llama.attention.head_count": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.vocab_size": len(tokens),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [CONTROL if t in (BEGIN, END) else NORMAL for t in tokens],
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": tokens.index(BEGIN),
        "tokenizer.ggml.eos_token_id": tokens.index(END),
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": CHAT,
    }
    path.write_bytes(b"".join(_gguf(fields, dict(_tensors(len(tokens))))))
    return path


def _vocabulary() -> tuple[list[str], list[str]]:
    """Tokens by id, and the merges that make them, learnt from the sample's texts."""
    talks = map(json.loads, SAMPLE.read_text("utf-8").splitlines())
    texts = (turn["text"] for talk in talks for turn in talk["turns"])
    learnt = ByteLevelBPETokenizer()
    learnt.train_from_iterator(texts, VOCABULARY, special_tokens=[BEGIN, END], show_progress=False)
    model = json.loads(learnt.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return tokens, [" ".join(pair) for pair in model["merges"]]


def _tensors(vocabulary: int) -> Iterator[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(SEED)

    def matrix(rows: int, columns: int, size: float = 1.0) -> np.ndarray:
        return draw.normal(0, size / np.sqrt(columns), (rows, columns)).astype(np.float32)

    yield "token_embd.weight", matrix(vocabulary, WIDTH, np.sqrt(WIDTH))
    yield "output_norm.weight", np.ones(WIDTH, np.float32)
    yield "output.weight", matrix(vocabulary, WIDTH)
    for layer in range(LAYERS):
        for name, size in (("q", SHARP), ("k", SHARP), ("v", 1.0), ("output", 1.0)):
            yield f"blk.{layer}.attn_{name}.weight", matrix(WIDTH, WIDTH, size)
        for name in ("ffn_gate", "ffn_up"):
            yield f"blk.{layer}.{name}.weight", matrix(INNER, WIDTH)
        yield f"blk.{layer}.ffn_down.weight", matrix(WIDTH, INNER)
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}.weight", np.ones(WIDTH, np.float32)


def _gguf(fields: Mapping[str, object], tensors: Tensors) -> Iterator[bytes]:
    """The parts of the file, in order: what is in it, then the numbers."""
    head = b"GGUF" + struct.pack("<IQQ", VERSION, len(tensors), len(fields))
    head += b"".join(_text(name) + _field(value) for name, value in fields.items())
    place = 0
    for name, tensor in tensors.items():
        sides = tensor.shape[::-1]  # the side along which numbers are neighbours comes first
        head += _text(name) + struct.pack(f"<I{len(sides)}Q", len(sides), *sides)
        head += struct.pack("<IQ", FLOAT32, place)
        place += len(_padded(tensor.tobytes()))
    yield _padded(head)
    for tensor in tensors.values():
        yield _padded(tensor.tobytes())


def _field(value: object) -> bytes:
    kind, written = _value(value)
    return struct.pack("<I", kind) + written


def _value(value: object) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return UINT32, struct.pack("<I", value)
    if isinstance(value, float):
        return REAL, struct.pack("<f", value)
    if isinstance(value, str):
        return STRING, _text(value)
    assert isinstance(value, Sequence)
    of_text = isinstance(value[0], str)
    rows = (_text(one) if of_text else struct.pack("<i", one) for one in value)
    kind = struct.pack("<IQ", STRING if of_text else INT32, len(value))
    return ARRAY, kind + b"".join(rows)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)


if __name__ == "__main__":
    print(write_tiny_model(Path(sys.argv[1])))
