"""Encoders of two tiny layers, one per family, with a tokenizer of whole words: made in a moment.

`make_encoder(folder, "roberta", ("order", "refund"))` writes config.json, model.safetensors and
tokenizer.json; the weights depend on the family, the words and the seed alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

Family = Literal["bert", "roberta", "xlm-roberta", "deberta-v2", "modernbert"]
FAMILIES: tuple[Family, ...] = get_args(Family)

BRACKETS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ANGLES = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
VOCABULARY = 128  # at least: an export is traced with ids up to 100
HIDDEN, LAYERS = 64, 2  # weights of 64 by 64: what an int8 export rewrites
SIZES = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 2 * HIDDEN,
}


def make_encoder(folder: Path, family: str, words: Iterable[str], seed: int = 0) -> Path:
    """Write an encoder; words other than these, lower-cased, are unknown to it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = word_tokenizer(ANGLES if "roberta" in family else BRACKETS, words)
    tokenizer.save(str(folder / "tokenizer.json"))
    tiny_model(family, max(VOCABULARY, tokenizer.get_vocab_size()), seed).save_pretrained(folder)
    return folder


def word_tokenizer(specials: tuple[str, ...], words: Iterable[str]) -> Tokenizer:
    """A tokenizer that knows whole words; `specials` are in the order of their ids."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing

    known = dict.fromkeys((*specials, *(word.lower() for word in words)))
    places = {word: place for place, word in enumerate(known)}
    unknown, first, last = (_of(specials, *names) for names in (UNKNOWN, FIRST, LAST))
    tokenizer = Tokenizer(WordLevel(places, unk_token=unknown))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens([AddedToken(one, special=True) for one in specials])
    tokenizer.post_processor = TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B:1 {last}:1",
        special_tokens=[(first, places[first]), (last, places[last])],
    )
    return tokenizer


UNKNOWN, FIRST, LAST = ("[UNK]", "<unk>"), ("[CLS]", "<s>"), ("[SEP]", "</s>")


def _of(specials: tuple[str, ...], *names: str) -> str:
    return next(one for one in specials if one in names)


def tiny_model(family: str, vocabulary: int, seed: int) -> PreTrainedModel:
    """A model with weights drawn anew."""
    import torch
    import transformers

    angles = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    brackets = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3}
    own: dict[str, tuple[str, dict[str, object]]] = {
        "bert": ("BertConfig", {"pad_token_id": 0, "max_position_embeddings": 64}),
        "roberta": ("RobertaConfig", {**angles, "max_position_embeddings": 514}),
        "xlm-roberta": ("XLMRobertaConfig", {**angles, "max_position_embeddings": 514}),
        "deberta-v2": (
            "DebertaV2Config",
            {
                "pad_token_id": 0,
                "max_position_embeddings": 64,
                "relative_attention": True,
                "position_buckets": 16,
                "pos_att_type": ["p2c", "c2p"],
                "norm_rel_ebd": "layer_norm",
                "share_att_key": True,
                "position_biased_input": False,
                "type_vocab_size": 0,
            },
        ),
        "modernbert": (
            "ModernBertConfig",
            {
                **brackets,
                "bos_token_id": 2,
                "eos_token_id": 3,
                "max_position_embeddings": 64,
                "local_attention": 8,
                "global_attn_every_n_layers": 2,
            },
        ),
    }
    name, extra = own[family]
    config = getattr(transformers, name)(vocab_size=vocabulary, **SIZES, **extra)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return transformers.AutoModel.from_config(config)
