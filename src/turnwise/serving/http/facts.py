"""What a server says of itself, in the shapes that the OpenAPI document shows."""

from __future__ import annotations

from typing_extensions import TypedDict

from turnwise.decision_log import Arm


class Health(TypedDict):
    """That the server is there."""

    status: str


class BundleFacts(TypedDict):
    """What a bundle says of itself, and its part here.

    `serving` says whether requests are answered by it, `share` of how many conversations.
    """

    id: str
    created: str
    turnwise: str
    taxonomy: str
    taxonomy_version: int
    dimensions: list[str]
    precision: str
    redacted: bool
    serving: bool
    arm: Arm
    share: float


class BundlesAnswer(TypedDict):
    """The bundles that are loaded, and the experiment that divides the conversations, if any."""

    bundles: list[BundleFacts]
    experiment: str | None


class LabelEntry(TypedDict, total=False):
    """A label of a dimension; what it has none of is left out."""

    name: str
    path: list[str]
    description: str
    examples: list[str]
    excludes: list[str]
    confused_with: list[str]
    titles: dict[str, str]


class DimensionEntry(TypedDict):
    """A dimension with its labels."""

    description: str
    labels: list[LabelEntry]


class ActionEntry(TypedDict, total=False):
    """What is done for which labels; one of workflow, queue and hand_off is there."""

    name: str
    when: dict[str, list[str]]
    workflow: str
    queue: str
    hand_off: str


class TaxonomyAnswer(TypedDict, total=False):
    """The taxonomy of the bundle that serves."""

    name: str
    version: int
    dimensions: dict[str, DimensionEntry]
    actions: list[ActionEntry]
