"""A BERT of two small layers with its tokenizer, saved as an encoder: made in a moment."""

import json
from pathlib import Path

WORDS = ("order", "refund", "late", "card", "hello", "thanks", "my", "the", "is", "where", "##s")


def save_tiny_encoder(folder: Path, seed: int = 0) -> Path:
    """Write config.json, model.safetensors and tokenizer.json."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing
    from transformers import BertConfig, BertModel

    vocabulary = {word: place for place, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]"))}
    for word in (*WORDS, *"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghijkl")):
        vocabulary.setdefault(word, len(vocabulary))
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=max(128, len(vocabulary)),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def say_pooling(folder: Path, **modes: bool) -> None:
    """Write 1_Pooling/config.json with these modes on or off."""
    (folder / "1_Pooling").mkdir(exist_ok=True)
    said = {f"pooling_mode_{name}": on for name, on in modes.items()}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(said), encoding="utf-8")
