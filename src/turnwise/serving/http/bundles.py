"""Which policy serves a conversation: champion, challenger by share, and shadows beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from turnwise.conversations import Conversation, Turn
from turnwise.decision_log import Arm
from turnwise.errors import BundleError
from turnwise.serving.deployment import Deployment
from turnwise.serving.http.facts import BundleFacts
from turnwise.serving.policy import Policy
from turnwise.taxonomy import Taxonomy

OpenPolicy = Callable[[Path], Policy]


@dataclass(frozen=True, slots=True)
class Served:
    """By what a conversation is served; `experiment` is empty where none divides them."""

    policy: Policy
    arm: Arm
    experiment: str = ""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What serves at one moment. Requests hold on to it, so that a switch takes nothing away."""

    deployment: Deployment
    policies: Mapping[str, Policy]


class Bundles:
    """The bundles that serve; `deploy` changes all of them in one step.

    Args:
        deployment: names, each with its policy in `policies`.
    """

    def __init__(self, deployment: Deployment, policies: Mapping[str, Policy]) -> None:
        self._loaded = _Loaded(deployment, dict(policies))

    @classmethod
    def alone(cls, policy: Policy) -> Self:
        """One policy that serves all, checked.

        Raises:
            BundleError: its bundle does not answer.
        """
        name = checked(policy).bundle.id
        return cls(Deployment(name), {name: policy})

    @property
    def deployment(self) -> Deployment:
        return self._loaded.deployment

    @property
    def champion(self) -> Policy:
        """The policy that answers where nothing says otherwise."""
        loaded = self._loaded
        return loaded.policies[loaded.deployment.champion]

    def serving(self, conversation: str | None) -> Served:
        """Who serves a conversation of this id: the same one for all of its turns.

        One without an id is served by the champion, for no later turn of it could be told.
        """
        loaded = self._loaded
        champion, experiment = loaded.deployment.champion, loaded.deployment.experiment
        if experiment is None or not conversation:
            return Served(loaded.policies[champion], "champion")
        name = experiment.bundle_for(conversation)
        arm: Arm = "champion" if name == champion else "challenger"
        return Served(loaded.policies[name], arm, experiment.name)

    def at_once(self) -> Bundles:
        """What serves now, and goes on doing so for who holds it."""
        loaded = self._loaded
        return Bundles(loaded.deployment, loaded.policies)

    def taxonomies(self) -> list[Taxonomy]:
        """Of all that answer, the champion's first."""
        loaded = self._loaded
        running = loaded.deployment.experiment
        names = [loaded.deployment.champion] if running is None else list(running.shares)
        return [loaded.policies[name].bundle.taxonomy for name in names]

    def shadows(self) -> list[Served]:
        """Those that decide without being served."""
        loaded = self._loaded
        return [Served(loaded.policies[name], "shadow") for name in loaded.deployment.shadows]

    def load(self, deployment: Deployment, folder: Path, open_policy: OpenPolicy) -> None:
        """Serve as a deployment says; whoever is being served is finished with as begun.

        Takes as long as loading what is new; requests are served by the old meanwhile.

        Args:
            folder: of the bundles' folders.

        Raises:
            TurnwiseError: one can't be loaded; then nothing changes.
        """
        known = self._loaded.policies
        policies = {
            name: known.get(name) or opened(folder / name, open_policy)
            for name in deployment.bundles
        }
        self._loaded = _Loaded(deployment, policies)

    def facts(self) -> list[BundleFacts]:
        """All that are loaded, the champion first."""
        loaded = self._loaded
        deployment, experiment = loaded.deployment, loaded.deployment.experiment
        shares = {deployment.champion: 1.0} if experiment is None else experiment.shares
        return [
            _facts(
                policy, "champion" if name == deployment.champion else "challenger", shares[name]
            )
            if name in shares
            else _facts(policy, "shadow", 0.0)
            for name, policy in loaded.policies.items()
        ]


def opened(folder: Path, open_policy: OpenPolicy) -> Policy:
    """A policy of a folder that a deployment names, checked.

    Raises:
        BundleError: it is missing, changed, does not answer, or is another than it is named.
    """
    policy = checked(open_policy(folder))
    if policy.bundle.id != folder.name:
        raise BundleError(f"{folder} holds bundle {policy.bundle.id}. Name the folder after it")
    return policy


def checked(policy: Policy) -> Policy:
    """A policy that has answered once.

    Raises:
        BundleError: its bundle does not answer.
    """
    # Not `decide`: nobody else is asked, and paid, for a check of the bundle.
    policy.begin(Conversation("", (Turn("customer", "hello"),)))
    return policy


def _facts(policy: Policy, arm: Arm, share: float) -> BundleFacts:
    bundle = policy.bundle
    said = bundle.manifest
    return {
        "id": bundle.id,
        "created": said.created,
        "turnwise": said.turnwise,
        "taxonomy": bundle.taxonomy.name,
        "taxonomy_version": bundle.taxonomy.version,
        "dimensions": list(bundle.taxonomy.dimension_names),
        "precision": said.precision,
        "redacted": said.redacted,
        "serving": arm != "shadow",
        "arm": arm,
        "share": round(share, 6),
    }
