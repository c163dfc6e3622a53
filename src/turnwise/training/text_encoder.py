"""A transformer that is trained: token ids -> unit vectors, the same that its export will give.

Texts are encoded in chunks of like length, so that little is padding. Any encoder that
`AutoModel` of transformers opens will do; how token vectors become one is told by its own files
(`EncoderSource.pooling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from turnwise.encoders import Batch, EncoderSource, TextReader, Vectors
from turnwise.encoders.source import copy_companions
from turnwise.encoders.token_batches import by_length
from turnwise.errors import EncoderError
from turnwise.progress import Progress, silent
from turnwise.training.quiet import quiet

Tokens = Sequence[NDArray[np.int64]]  # Int64[length] per text, special tokens included

ENCODED_AT_ONCE = 256  # texts, without gradients
CHUNK_TOKENS = 2048  # padding included; bounds the memory of a step beside the batch


class TextEncoder(nn.Module):
    """Texts to unit vectors, with gradients.

    Args:
        source: where its weights and its tokenizer lie.

    Raises:
        EncoderError: transformers can't open it.

    Attributes:
        size: length of a vector; weights: how many numbers the encoder has.
        id: of the encoder that it was before its training.
    """

    def __init__(self, source: EncoderSource) -> None:
        super().__init__()
        from transformers import AutoModel

        self.source, self.id = source, source.content_sha256
        try:
            with quiet():
                self.body = AutoModel.from_pretrained(
                    source.folder, dtype=torch.float32, local_files_only=True
                )
        except (OSError, ValueError, KeyError) as error:
            raise EncoderError(
                f"{source.folder}: transformers can't open this encoder ({error}). Name one of the "
                "BERT, RoBERTa, XLM-R, DeBERTa or ModernBERT families"
            ) from error
        self.max_tokens = source.max_tokens
        self.size = int(self.body.config.hidden_size)
        # Half of a small encoder's weights are its words', of which a step touches few: without
        # them a step is cheaper, and words that training lacks stay beside those it has.
        self.body.get_input_embeddings().requires_grad_(False)
        self.weights = sum(one.numel() for one in self.body.parameters())
        self._reader = TextReader(source.folder / "tokenizer.json", source.max_tokens)

    @property
    def separator(self) -> str:
        """What stands between two texts that are read as one."""
        return self._reader.separator

    def tokens(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Token ids of texts, cut at the encoder's limit."""
        return self._reader.tokens(texts)

    def count_tokens(self, text: str) -> int:
        """How many tokens a text has, special tokens and the limit left out."""
        return self._reader.count_tokens(text)

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        """Return Float32[n_texts, size] of the encoder as it is now, without gradients."""
        return self.vectors(self.tokens(texts), progress)

    def vectors(self, tokens: Tokens, progress: Progress = silent) -> Vectors:
        """Return Float32[n_texts, size] of token ids, without gradients or dropout."""
        self.eval()
        order = np.argsort([len(one) for one in tokens], kind="stable")
        found = np.empty((len(tokens), self.size), np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), ENCODED_AT_ONCE):
                rows = order[start : start + ENCODED_AT_ONCE]
                found[rows] = self([tokens[at] for at in rows]).cpu().numpy()
                progress("encoding", start + len(rows), len(order))
        return found

    def forward(self, tokens: Tokens) -> Tensor:
        """Return Float32[n_texts, size], rows of unit length, in the order of the texts."""
        batches = list(by_length(tokens, np.arange(len(tokens)), CHUNK_TOKENS))
        found = torch.cat([self._encode(batch) for batch in batches])
        place = np.argsort(np.concatenate([batch.rows for batch in batches]))
        return found[torch.from_numpy(place).to(found.device)]

    def _encode(self, batch: Batch) -> Tensor:
        device = next(self.body.parameters()).device
        ids, mask = (torch.from_numpy(one).to(device) for one in (batch.ids, batch.mask))
        hidden = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        if self.source.pooling == "cls":
            pooled = hidden[:, 0].float()
        else:
            share = mask.float() / mask.sum(1, keepdim=True)
            pooled = (hidden.float() * share.unsqueeze(-1)).sum(1)
        return nn.functional.normalize(pooled, dim=1)

    def save(self, folder: Path) -> None:
        """Write a folder that `find_source` reads: weights as they are now, all else as it was."""
        with quiet():
            self.body.save_pretrained(folder, safe_serialization=True)
        copy_companions(self.source.folder, folder)
