"""Which policy serves a request. One for now; this is where several will be told apart."""

from __future__ import annotations

from turnwise.conversations import Conversation, Turn
from turnwise.serving.http.facts import BundleFacts
from turnwise.serving.policy import Policy


class Bundles:
    """The bundles that are loaded, each checked by one prediction.

    Raises:
        BundleError: the bundle does not answer.
    """

    def __init__(self, policy: Policy) -> None:
        # Not `decide`: nobody else is asked, and paid, for a check of the bundle.
        policy.begin(Conversation("", (Turn("customer", "hello"),)))
        self._policy = policy

    @property
    def champion(self) -> Policy:
        """The policy that answers where nothing says otherwise."""
        return self._policy

    def facts(self) -> list[BundleFacts]:
        """All that are loaded."""
        bundle = self._policy.bundle
        said = bundle.manifest
        return [
            {
                "id": bundle.id,
                "created": said.created,
                "turnwise": said.turnwise,
                "taxonomy": bundle.taxonomy.name,
                "taxonomy_version": bundle.taxonomy.version,
                "dimensions": list(bundle.taxonomy.dimension_names),
                "precision": said.precision,
                "redacted": said.redacted,
                "serving": True,
            }
        ]
