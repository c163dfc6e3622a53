"""Texts to batches of token ids: of like length, short texts first, none longer than a limit.

texts --tokenize, cut--> ids --sort by length--> batches
"""

from __future__ import annotations

WINDOW = 8192  # texts tokenized and sorted together: bounds the memory beside the vectors
BATCH_TOKENS = 2048  # tokens in a batch, padding included
CHARS_PER_TOKEN = 64  # beyond this many characters a token of the limit, a text is not read
