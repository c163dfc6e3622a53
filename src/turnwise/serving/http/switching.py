"""Looks whether the file that says which bundles serve has changed, and has them loaded."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from turnwise.errors import TurnwiseError
from turnwise.serving.deployment import Deployment, read_deployment
from turnwise.serving.http.bundles import Bundles, OpenPolicy
from turnwise.serving.http.memory import give_back
from turnwise.serving.http.metrics import Metrics

LOOK_SECONDS = 0.5
RETRY_SECONDS = 10.0  # after a bundle that could not be loaded: it may be on its way still

_log = logging.getLogger("turnwise.serving")

_Stamp = tuple[int, int, int] | None


class Switching:
    """Keeps bundles as a file says. A faulty file or bundle changes nothing, and is logged.

    Args:
        file: see `serving.deployment`; the bundles lie in `bundles` beside it. Without a file
            things stay as they are.
        open_policy: loads one.
    """

    def __init__(
        self, bundles: Bundles, file: Path, open_policy: OpenPolicy, metrics: Metrics
    ) -> None:
        self._bundles, self._file, self._open = bundles, file, open_policy
        self._metrics = metrics
        self._seen: _Stamp = None
        self._again = float("inf")
        self._clean: list[float] = []  # when to give back what is gone

    async def run(self) -> None:
        """Look, for ever; ends by being cancelled."""
        with ThreadPoolExecutor(1, thread_name_prefix="loading") as pool:
            while True:
                await asyncio.get_running_loop().run_in_executor(pool, self.look)
                await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Look once, and load what is new."""
        if self._clean and time.monotonic() >= self._clean[0]:
            del self._clean[0]
            give_back()
        stamp = _stamp(self._file)
        if stamp == self._seen and time.monotonic() < self._again:
            return
        self._seen, self._again = stamp, float("inf")
        try:
            deployment = read_deployment(self._file)
            if deployment is None or deployment == self._bundles.deployment:
                return
            self._bundles.load(deployment, self._file.parent / "bundles", self._open)
        except TurnwiseError as error:
            self._refused(str(error))
        except Exception as error:  # whatever it is, what serves goes on serving
            self._refused(type(error).__name__)
        else:
            # At once, and when no request can hold on to what served before.
            self._clean = [time.monotonic() + one for one in (LOOK_SECONDS, RETRY_SECONDS)]
            self._metrics.switched("done")
            _log.info("serving %s", _told(deployment))

    def _refused(self, why: str) -> None:
        self._again = time.monotonic() + RETRY_SECONDS
        self._metrics.switched("refused")
        _log.error("%s is not followed, bundles stay as they are: %s", self._file, why)


def _stamp(file: Path) -> _Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _told(deployment: Deployment) -> str:
    parts = [deployment.champion]
    if deployment.experiment is not None:
        parts += [f"{one.bundle} ({one.share:.0%})" for one in deployment.experiment.challengers]
    return ", ".join([*parts, *(f"{one} (shadow)" for one in deployment.shadows)])
