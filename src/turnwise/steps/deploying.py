"""Which bundles of a workspace serve: promote, roll back, compare, shadow.

Each writes the deployment's file (`serving.deployment`), which running servers read again; a
bundle that can't be loaded is refused before anything is written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    with _alone(workspace):
        deployed = read_deployment(workspace / DEPLOYMENT)
        if deployed is None:  # a server may serve an older bundle than the newest all the same
            return _write(workspace, Deployment(bundle, _earlier(workspace, bundle)))
        return _write(workspace, deployed.promoted(bundle, _now()))


def roll_back(workspace: Path) -> Deployment:
    """Make the champion before this one the champion again; an experiment that runs ends.

    Raises:
        BundleError: it can't be loaded. ConfigError: there was none.
    """
    with _alone(workspace):
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
    challengers = tuple(Challenger(*one) for one in shares)
    with _alone(workspace):
        deployed = deployment(workspace)
        _told_apart(workspace, deployed, [bundle for bundle, _ in shares])
        made = Experiment(name, deployed.champion, challengers, _now(), sessions)
        return _write(workspace, deployed.started(made))


def stop_experiment(workspace: Path) -> Deployment:
    """End the experiment; the champion serves all.

    Raises:
        ConfigError: none runs.
    """
    with _alone(workspace):
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
    with _alone(workspace):
        deployed = deployment(workspace)
        _told_apart(workspace, deployed, bundles)
        return _write(workspace, deployed.shadowing(tuple(dict.fromkeys(bundles))))


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


@contextmanager
def _alone(workspace: Path) -> Iterator[None]:
    """One command at a time reads the file, changes what it says and writes it."""
    if sys.platform == "win32":  # which locks no folders
        yield
        return
    import fcntl

    # The folder itself is locked: nothing is left behind, and a killed process holds nothing.
    folder = os.open(workspace, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _told_apart(workspace: Path, deployed: Deployment, beside: Sequence[str]) -> None:
    """Refuse what would make the newest bundle champion by the way.

    A server that was started before it was trained serves another, as long as nothing is deployed.

    Raises:
        ConfigError: nothing was deployed, and there are others than the champion and these.
    """
    if (workspace / DEPLOYMENT).exists():
        return
    folders = (workspace / "bundles").glob(f"[!.]*/{MANIFEST}")
    others = {one.parent.name for one in folders} - {deployed.champion, *beside}
    if others or deployed.champion in beside:
        hint = "Say which bundle is the champion first: turnwise bundle promote NAME"
        raise ConfigError(f"no bundle of {workspace} was promoted yet", field="bundle", hint=hint)


def _earlier(workspace: Path, bundle: str) -> tuple[str, ...]:
    """The newest bundle but this one, to roll back to; empty where there is none."""
    folders = (one.parent for one in (workspace / "bundles").glob(f"[!.]*/{MANIFEST}"))
    made = {one.name: read_manifest(one).created for one in folders if one.name != bundle}
    return tuple(sorted(made, key=lambda name: made[name])[-1:])


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
