"""Which bundles of a workspace serve: promote, roll back, compare, shadow.

Each writes the deployment's file (`serving.deployment`), which running servers read again; a
bundle that can't be loaded is refused before anything is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from turnwise.bundle import Bundle
from turnwise.bundle.manifest import MANIFEST, read_manifest
from turnwise.errors import BundleError, ConfigError
from turnwise.project import current_bundle
from turnwise.serving.deployment import (
    DEPLOYMENT,
    Challenger,
    Deployment,
    Experiment,
    read_deployment,
    write_deployment,
)


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle of a workspace.

    Attributes:
        part: `champion`, `challenger` or `shadow`; empty where it does not serve.
        share: of the conversations, 0 to 1.
        accuracy: dimension -> on the turns that calibrated it; a fair figure is `evaluate`'s.
        newest: whether it is what the data and settings as they are were trained to.
    """

    name: str
    created: str
    taxonomy_version: int
    part: str
    share: float
    accuracy: dict[str, float]
    newest: bool


def deployment(workspace: Path) -> Deployment:
    """Which bundles serve: what was deployed, or else the newest bundle alone.

    Raises:
        ConfigError: the file is faulty. BundleError: there is no bundle.
    """
    deployed = read_deployment(workspace / DEPLOYMENT)
    return deployed or Deployment(current_bundle(workspace).name)


def bundle_rows(workspace: Path) -> list[BundleRow]:
    """Every bundle of a workspace, the newest first.

    Raises:
        ConfigError, BundleError: as `deployment`; or a manifest is faulty.
    """
    deployed, newest = deployment(workspace), current_bundle(workspace).name
    folders = sorted(one.parent for one in (workspace / "bundles").glob(f"[!.]*/{MANIFEST}"))
    rows = [_row(folder, deployed, newest) for folder in folders]
    return sorted(rows, key=lambda one: one.created, reverse=True)


def promote(workspace: Path, bundle: str) -> Deployment:
    """Make a bundle the champion; an experiment that runs ends.

    Raises:
        BundleError: it can't be loaded. ConfigError: it is the champion already.
    """
    _loadable(workspace, [bundle])
    return _write(workspace, deployment(workspace).promoted(bundle, _now()))


def roll_back(workspace: Path) -> Deployment:
    """Make the champion before this one the champion again; an experiment that runs ends.

    Raises:
        BundleError: it can't be loaded. ConfigError: there was none.
    """
    changed = deployment(workspace).rolled_back(_now())
    _loadable(workspace, [changed.champion])
    return _write(workspace, changed)


def start_experiment(
    workspace: Path, name: str, shares: Sequence[tuple[str, float]], sessions: int
) -> Deployment:
    """Have challengers serve shares of the conversations.

    Args:
        shares: bundle, and which share of the conversations it serves, in (0, 1).
        sessions: planned of each arm.

    Raises:
        BundleError: one can't be loaded. ConfigError: one runs already, the name was used, or
            the shares don't add up.
    """
    _loadable(workspace, [bundle for bundle, _ in shares])
    deployed = deployment(workspace)
    challengers = tuple(Challenger(*one) for one in shares)
    made = Experiment(name, deployed.champion, challengers, _now(), sessions)
    return _write(workspace, deployed.started(made))


def stop_experiment(workspace: Path) -> Deployment:
    """End the experiment; the champion serves all.

    Raises:
        ConfigError: none runs.
    """
    deployed = deployment(workspace)
    if deployed.experiment is None:
        raise ConfigError(f"no experiment runs on {workspace}")
    return _write(workspace, deployed.stopped(_now()))


def shadow(workspace: Path, bundles: Sequence[str]) -> Deployment:
    """Have some bundles decide without being served, in place of those that did; or none.

    Raises:
        BundleError: one can't be loaded. ConfigError: they are too many.
    """
    _loadable(workspace, bundles)
    return _write(workspace, deployment(workspace).shadowing(tuple(dict.fromkeys(bundles))))


def _row(folder: Path, deployed: Deployment, newest: str) -> BundleRow:
    manifest = read_manifest(folder)
    part, share = _part(folder.name, deployed)
    scores = manifest.training.scores.get("calibration", {})
    return BundleRow(
        name=folder.name,
        created=manifest.created,
        taxonomy_version=manifest.taxonomy_version,
        part=part,
        share=share,
        accuracy={name: one.accuracy for name, one in scores.items()},
        newest=folder.name == newest,
    )


def _part(name: str, deployed: Deployment) -> tuple[str, float]:
    running = deployed.experiment
    shares = {deployed.champion: 1.0} if running is None else running.shares
    if name in shares:
        return "champion" if name == deployed.champion else "challenger", shares[name]
    return ("shadow" if name in deployed.shadows else ""), 0.0


def _loadable(workspace: Path, bundles: Sequence[str]) -> None:
    for name in bundles:
        folder = workspace / "bundles" / Path(name).name
        if not folder.is_dir():
            there = sorted(one.parent.name for one in folder.parent.glob(f"[!.]*/{MANIFEST}"))
            raise BundleError(
                f"{workspace / 'bundles'} holds no bundle {name}, but {', '.join(there) or 'none'}"
            )
        if (found := Bundle.load(folder).id) != name:
            raise BundleError(f"{folder} holds bundle {found}. Name the folder after it")


def _write(workspace: Path, changed: Deployment) -> Deployment:
    write_deployment(workspace / DEPLOYMENT, changed)
    return changed


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
