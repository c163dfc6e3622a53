"""The serving install, in an environment of its own: what it weighs, and that it serves.

    python -m benchmarks.serving_install [--bundle DIR]

A wheel is built of this tree and installed as `turnwise[serve]` into a fresh environment outside of
it. There none of the libraries of training can be found; `turnwise serve` is started with a bundle
of the sample, and answers a request to decide. pip asks the package index; nothing else here needs
a network. The last line is one JSON object:

    environment_mb   all that was installed, pip left out; largest_mb: the packages that weigh most
    import_seconds   of `turnwise` and `turnwise.serving.http`, in a process each, the fastest of 3
    ready_seconds    from the start of the command until /readyz says so, the middle of 3
    resident_mb      the server's memory after its first answers (2**20 bytes)
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.data import REPOSITORY
from benchmarks.runner import say
from benchmarks.serving_bundles import trained
from benchmarks.serving_server import started

UNWANTED = ("torch", "transformers", "sklearn", "onnx", "onnxscript", "openai", "altair", "scipy")
IMPORTED = ("turnwise", "turnwise.serving.http")
TIMES = 3
ANSWERS = 20  # before the memory is read
SHOWN = 8  # packages
TALK = {"messages": [{"role": "customer", "content": "my parcel has not come"}]}
AIMS = {"environment_mb": 200.0, "ready_seconds": 3.0, "resident_mb": 400.0}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bundle", type=Path, help="a bundle instead of one of the sample")
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="turnwise-install-") as name:
        folder = Path(name)
        python = installed(folder)
        bundle = chosen.bundle or trained(folder / "work")
        found = {**_weighed(python), **_imported(python), **_served(python, bundle, folder)}
    reached = {name: float(str(found[name])) <= aim for name, aim in AIMS.items()}
    reached["nothing_of_training"] = not found["unwanted"]
    print(json.dumps({**found, "aims": AIMS, "reached": reached}), flush=True)
    return 0 if reached["nothing_of_training"] else 1


def installed(folder: Path) -> Path:
    """Build the wheel and install it for serving; returns the environment's interpreter."""
    say("building the wheel ...")
    own: list[str | Path] = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]
    subprocess.run([*own, "wheel", "--no-deps", "-w", folder, REPOSITORY], check=True)
    (wheel,) = folder.glob("turnwise-*.whl")
    say(f"installing {wheel.name}[serve] ...")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    theirs: list[str | Path] = [python, "-m", "pip", "-qq", "--disable-pip-version-check"]
    subprocess.run([*theirs, "install", f"turnwise[serve] @ {wheel.as_uri()}"], check=True)
    return python


def _weighed(python: Path) -> Mapping[str, object]:
    """What lies in the environment, and what must not."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(_said(python, code))
    sizes = {
        one.name: _megabytes(one)
        for one in packages.iterdir()
        if not re.match(r"pip\b|setuptools\b|_distutils", one.name)
    }
    largest = sorted(sizes, key=lambda name: sizes[name], reverse=True)[:SHOWN]
    names = " ".join(UNWANTED)
    code = f"import importlib.util as u; print(*filter(u.find_spec, {names!r}.split()))"
    return {
        "environment_mb": round(sum(sizes.values()), 1),
        "packages": sum(one.endswith(".dist-info") for one in sizes),
        "largest_mb": {name: round(sizes[name], 1) for name in largest},
        "unwanted": _said(python, code).split(),
    }


def _megabytes(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(one.stat().st_size for one in files if one.is_file()) / 2**20


def _imported(python: Path) -> Mapping[str, object]:
    code = "import time; s = time.perf_counter(); import {}; print(time.perf_counter() - s)"
    took = {
        name: min(float(_said(python, code.format(name))) for _ in range(TIMES))
        for name in IMPORTED
    }
    return {"import_seconds": {name: round(seconds, 3) for name, seconds in took.items()}}


def _said(python: Path, code: str) -> str:
    """What a program prints that runs outside of the tree."""
    done = subprocess.run(
        [python, "-I", "-c", code], cwd=python.parent, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _served(python: Path, bundle: Path, folder: Path) -> Mapping[str, object]:
    command = [str(python.with_name("turnwise")), "serve", "--bundle", str(bundle)]
    command += ["-w", str(folder), "--no-keys", "--port", "0"]
    seconds, resident, decided = [], [], {}
    for _ in range(TIMES):
        began = time.perf_counter()
        with started(command, folder / "serve.log", os.sched_getaffinity(0)) as server:
            if _asked(server.port, "GET", "/readyz")[0] != 200:
                raise RuntimeError("the server listens and is not ready")
            seconds.append(time.perf_counter() - began)
            for _ in range(ANSWERS):
                status, body = _asked(server.port, "POST", "/v1/decide", json.dumps(TALK))
                if status != 200:
                    raise RuntimeError(f"answered {status}: {body[:300]!r}")
            decided = json.loads(body)
            resident.append(server.resident_now())
    return {
        "bundle": decided["bundle"],
        "decided": decided["kind"],
        "ready_seconds": round(median(seconds), 2),
        "resident_mb": max(resident),
    }


def _asked(port: int, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path, body, {"content-type": "application/json"})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


if __name__ == "__main__":
    sys.exit(main())
