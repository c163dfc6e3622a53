"""A bundle and conversations -> predictions, redacted as the bundle's training data were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from turnwise.bundle import Bundle, Prediction
from turnwise.conversations import Conversation
from turnwise.privacy import Redactor


def predict_conversations(
    bundle_folder: Path, conversations: Iterable[Conversation], top: int = 3
) -> Iterator[tuple[Conversation, Prediction]]:
    """Predict the labels of each conversation's last customer turn.

    Raises:
        BundleError: the bundle is missing or changed, or a conversation has no customer turn.
    """
    bundle = Bundle.load(bundle_folder)
    redactor = Redactor() if bundle.manifest.redacted else None
    for conversation in conversations:
        if redactor is not None:
            conversation, _ = redactor.redact(conversation)
        yield conversation, bundle.predict(conversation, top)
