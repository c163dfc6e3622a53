"""Utterances -> the space in which they are clustered.

texts --encoder--> plain vectors --what is wanted--> expanded --words, neighbours--> adapted
"""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.clusters import Space, Utterance
from turnwise.discovery.adaptation import adapt
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.keyphrases import add_wants, mix_phrases
from turnwise.discovery.vectors_words import word_vectors
from turnwise.encoders import Encoder
from turnwise.progress import Progress, silent


def make_space(
    utterances: Sequence[Utterance],
    encoder: Encoder,
    config: DiscoveryConfig,
    progress: Progress = silent,
) -> Space:
    """Return the space of some utterances, in their order.

    Args:
        utterances: 0 or more; `whole` is what is encoded.
        encoder: of texts; what is longer than it reads is cut.
        config: `keyphrases` and `adapt` say what is made of the encoder's vectors.
        progress: told of texts encoded and neighbours searched for.

    Raises:
        ConfigError: a library of the extra `discover` is missing.
    """
    texts = [one.whole for one in utterances]
    plain = encoder.encode(texts, progress)
    vectors = plain
    if config.adapt or config.keyphrases:
        vectors = add_wants(texts, vectors, encoder, progress)
    if config.keyphrases:
        vectors = mix_phrases(texts, vectors, encoder, progress)
    if config.adapt:
        vectors = adapt(vectors, word_vectors(texts, config.seed), progress)
    return Space(tuple(utterances), vectors, plain)
