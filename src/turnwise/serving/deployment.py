"""Which bundles serve: champion, challengers by share of the conversations, shadows.

Kept as one small JSON file beside the bundles (`deployment.json`), which commands write and a
running server reads again when it changes. A file, so that a switch needs no connection to the
server, holds for all of its processes, and outlives them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from turnwise.errors import ConfigError
from turnwise.unfinished import write_file

DEPLOYMENT = "deployment.json"
MOST_BUNDLES = 8  # that serve at once: each takes the memory of its model
MOST_BEFORE = 50  # champions that are remembered
SESSIONS = 1_600  # of each arm: tells .50 from .55 with 80% power at the 5% level


@dataclass(frozen=True, slots=True)
class Challenger:
    """A bundle that serves a share of the conversations, in (0, 1)."""

    bundle: str
    share: float


@dataclass(frozen=True, slots=True)
class Experiment:
    """A comparison of a champion with challengers.

    Attributes:
        started, ended: UTC, ISO 8601; `ended` is empty while it runs.
        sessions: of each arm, planned; what is read off before counts as a first impression.
    """

    name: str
    champion: str
    challengers: tuple[Challenger, ...]
    started: str
    sessions: int = SESSIONS
    ended: str = ""

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > 100:
            _refuse("experiment", "has a name of 1 to 100 characters")
        names = [self.champion, *(one.bundle for one in self.challengers)]
        if self.champion in names[1:]:
            _refuse("challenger", f"{self.champion} is the champion; name another bundle")
        if not self.challengers or len(set(names)) != len(names):
            _refuse("challenger", "is one bundle or several, each named once")
        if any(not 0 < one.share < 1 for one in self.challengers) or self.share_of_champion <= 0:
            _refuse("share", "is above 0, and all together below 1")
        if self.sessions < 1:
            _refuse("sessions", "is 1 or more")

    @property
    def share_of_champion(self) -> float:
        return 1.0 - sum(one.share for one in self.challengers)

    @property
    def shares(self) -> dict[str, float]:
        """Bundle -> its share of the conversations, the champion first."""
        others = {one.bundle: one.share for one in self.challengers}
        return {self.champion: self.share_of_champion, **others}

    def bundle_for(self, conversation: str) -> str:
        """The arm of a conversation: always the same one, at random over conversations.

        A hash of both names, so that nothing has to be remembered and that two experiments
        divide the conversations in two ways that have nothing to do with each other.
        """
        place = fraction(self.name, conversation)
        for one in self.challengers:
            if place < one.share:
                return one.bundle
            place -= one.share
        return self.champion


@dataclass(frozen=True, slots=True)
class Deployment:
    """The bundles that serve, by their names.

    Attributes:
        before: earlier champions, the latest last.
        shadows: bundles that decide without being served.
        ended: experiments that are over, the latest last.
    """

    champion: str
    before: tuple[str, ...] = ()
    experiment: Experiment | None = None
    shadows: tuple[str, ...] = ()
    ended: tuple[Experiment, ...] = ()

    def __post_init__(self) -> None:
        for name in self.bundles:
            if not name or name != Path(name).name:
                _refuse("bundle", f"{name!r} is no name of a folder under bundles")
        if len(self.bundles) > MOST_BUNDLES:
            _refuse("bundle", f"at most {MOST_BUNDLES} serve at once")
        if self.experiment is not None and self.experiment.champion != self.champion:
            _refuse("experiment", "is of another champion")

    @property
    def bundles(self) -> tuple[str, ...]:
        """All that have to be loaded, the champion first."""
        arms = () if self.experiment is None else tuple(self.experiment.shares)
        return tuple(dict.fromkeys((self.champion, *arms, *self.shadows)))

    def promoted(self, bundle: str, now: str) -> Deployment:
        """Another champion; an experiment that runs ends with it."""
        if bundle == self.champion:
            _refuse("bundle", f"{bundle} is the champion already")
        stopped = self.stopped(now)
        before = (*self.before, self.champion)[-MOST_BEFORE:]
        shadows = tuple(one for one in self.shadows if one != bundle)
        return replace(stopped, champion=bundle, before=before, shadows=shadows)

    def rolled_back(self, now: str) -> Deployment:
        """The champion before; an experiment that runs ends with it."""
        if not self.before:
            _refuse("bundle", f"there was no champion before {self.champion}; promote one by name")
        *before, champion = self.before
        shadows = tuple(one for one in self.shadows if one != champion)
        stopped = self.stopped(now)
        return replace(stopped, champion=champion, before=tuple(before), shadows=shadows)

    def started(self, experiment: Experiment) -> Deployment:
        """An experiment begins."""
        if self.experiment is not None:
            what = f"{self.experiment.name} runs already. End it with: turnwise experiment stop"
            _refuse("experiment", what)
        if experiment.name in {one.name for one in self.ended}:
            _refuse("experiment", f"{experiment.name} was the name of another. Choose a new one")
        return replace(self, experiment=experiment)

    def stopped(self, now: str) -> Deployment:
        """The experiment ends; the champion serves all. Nothing where none runs."""
        if self.experiment is None:
            return self
        over = replace(self.experiment, ended=now)
        return replace(self, experiment=None, ended=(*self.ended, over))

    def shadowing(self, shadows: tuple[str, ...]) -> Deployment:
        """Other shadows."""
        if self.champion in shadows:
            _refuse("bundle", f"{self.champion} is the champion, and can't be its own shadow")
        return replace(self, shadows=shadows)


def fraction(*parts: str) -> float:
    """A number in [0, 1) made of some texts: evenly spread, and the same everywhere."""
    digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:7]) / 2**56


def read_deployment(path: Path) -> Deployment | None:
    """What a file says; None where there is none.

    Raises:
        ConfigError: it can't be read, or is faulty.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _faulty(path, str(error)) from None
    try:
        return _deployment(json.loads(text))
    except ConfigError as error:
        raise _faulty(path, str(error)) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _faulty(path, f"{type(error).__name__}: {error}") from None


def write_deployment(path: Path, deployment: Deployment) -> None:
    """Write a file in one step: a server reads the old or the new one."""
    write_file(path, json.dumps(asdict(deployment), indent=1, ensure_ascii=False) + "\n")


def _deployment(read: Mapping[str, Any]) -> Deployment:
    _known(read, Deployment)
    running = read.get("experiment")
    return Deployment(
        champion=_text(read["champion"]),
        before=tuple(_text(one) for one in _list(read.get("before", []))),
        experiment=None if running is None else _experiment(running),
        shadows=tuple(_text(one) for one in _list(read.get("shadows", []))),
        ended=tuple(_experiment(one) for one in _list(read.get("ended", []))),
    )


def _experiment(read: Mapping[str, Any]) -> Experiment:
    _known(read, Experiment)
    for one in _list(read["challengers"]):
        _known(one, Challenger)
    arms = tuple(
        Challenger(_text(one["bundle"]), float(one["share"])) for one in read["challengers"]
    )
    return Experiment(
        _text(read["name"]),
        _text(read["champion"]),
        tuple(arms),
        _text(read["started"]),
        int(read["sessions"]),
        _text(read.get("ended", "")),
    )


def _known(read: Mapping[str, Any], kind: type[Deployment | Experiment | Challenger]) -> None:
    """Refuse what a newer program wrote: read and written again, it would be gone."""
    if beyond := sorted(set(read) - {one.name for one in fields(kind)}):
        raise TypeError(f"{', '.join(beyond)} is not known to this version of Turnwise")


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _faulty(path: Path, what: str) -> ConfigError:
    hint = "Mend it, or delete it: the newest bundle serves then"
    return ConfigError(f"{path} is faulty: {what}", hint=hint)


def _refuse(name: str, what: str) -> None:
    raise ConfigError(what, field=name)
