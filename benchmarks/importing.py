"""How fast conversations come into a workspace, and how much memory that takes.

    python -m benchmarks.importing [--quick] [--data DIR]

The 12,174 training dialogues of SGD are written as our own JSON lines (not timed), then
imported into a fresh workspace by the command line's own function, with redaction off and on;
redaction alone is measured apart, conversations read beforehand. Each measurement is a process
of its own, so that its peak memory is its own: at 25, 50 and 100% of the dialogues and at twice
as many (every dialogue again under another id). Ratios are taken to two bare costs of the same
run: decoding the same lines as JSON and nothing else, and inserting the same rows through
sqlite3.executemany into tables and indexes of the same schema. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import data, protocol
from benchmarks.machine import own_peak_mb
from benchmarks.runner import Figures, Plain, Table, parser, run
from turnwise.conversations import Conversation
from turnwise.formats import read, write

AIM = 20_000  # turns a second, redaction off
SHARES = (25, 50, 100, 200)  # percent of the dialogues
REPEATS = 3  # of each timing; the median counts
DATABASE = "turnwise.db"


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__.partition("\n")[0], "about 3 minutes on 2 cores")
    options.add_argument("--measure", choices=sorted(MEASURES), help=argparse.SUPPRESS)
    options.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args(arguments)
    if chosen.measure:
        print(json.dumps(MEASURES[chosen.measure](chosen.file, chosen.folder)))
        return 0
    chosen.fresh = True  # a speed is worth nothing beside one of another day
    return run("importing", chosen, measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the table; returns the rates, ratios and memory that sum it up."""
    dialogues = data.sgd(data.data_folder(options.data)).train
    if options.quick:
        dialogues = protocol.lowest(dialogues, protocol.QUICK_TURNS)
    with TemporaryDirectory(prefix="turnwise-importing-") as name:
        folder = Path(name)
        for share in SHARES:
            write(_share(dialogues, share), folder / f"{share}.jsonl", "jsonl")
        del dialogues
        repeats = 1 if options.quick else REPEATS
        cells: dict[str, Figures] = {}
        for what in ("json", "import", "import-redacted", "redact", "sqlite"):
            measure = partial(_apart, what, folder, 100, repeats)
            cells[what] = table.cell({"what": what, "dialogues_percent": 100}, measure)
        memory: dict[str, dict[int, Figures]] = {"import": {}, "import-redacted": {}}
        for what, by_share in memory.items():
            for share in SHARES:
                measure = partial(_apart, what, folder, share, 1)
                known = share == 100
                key: dict[str, Plain] = {"what": what, "dialogues_percent": share}
                by_share[share] = cells[what] if known else table.cell(key, measure)
    return _summary(cells, memory)


def _share(dialogues: Sequence[Conversation], percent: int) -> Iterator[Conversation]:
    yield from dialogues[: len(dialogues) * percent // 100]
    if percent > 100:
        yield from (replace(one, id=f"{one.id}-again") for one in dialogues)


def _apart(what: str, folder: Path, share: int, repeats: int) -> Figures:
    """Measure in processes of their own, and return the run of median time."""
    runs: list[dict[str, Plain]] = []
    for number in range(repeats):
        place = folder / (f"{what}-{share}-{number}" if what != "sqlite" else "import-100-0")
        command = [sys.executable, "-m", "benchmarks.importing", "--measure", what]
        command += ["--file", str(folder / f"{share}.jsonl"), "--folder", str(place)]
        done = subprocess.run(command, cwd=data.REPOSITORY, check=True, stdout=subprocess.PIPE)
        runs.append(json.loads(done.stdout))
    seconds = [float(one["seconds"] or 0) for one in runs]
    middle = min(runs, key=lambda one: abs(float(one["seconds"] or 0) - median(seconds)))
    turns, spent = float(middle["turns"] or 0), float(middle["seconds"] or 0)
    return {
        **middle,
        "turns_per_second": round(turns / spent),
        "fastest": round(turns / min(seconds)),
        "slowest": round(turns / max(seconds)),
    }


def _summary(
    cells: Mapping[str, Figures], memory: Mapping[str, Mapping[int, Figures]]
) -> Mapping[str, object]:
    def rate(what: str) -> float:
        return float(str(cells[what]["turns_per_second"]))

    return {
        "data": "SGD train, " + data.ORIGINS["sgd"].source,
        "licence": data.ORIGINS["sgd"].licence,
        "conversations": cells["import"]["conversations"],
        "turns": cells["import"]["turns"],
        "turns_per_second": {what: rate(what) for what in cells},
        "aim": AIM,
        "reached": rate("import") >= AIM,
        "import_time_over_json": round(rate("json") / rate("import"), 1),
        "import_time_over_sqlite": round(rate("sqlite") / rate("import"), 1),
        "import_time_over_both": round(
            (1 / rate("import")) / (1 / rate("json") + 1 / rate("sqlite")), 1
        ),
        "database_mb": cells["import"]["database_mb"],
        "peak_mb_at_percent": {
            what: {str(share): one["peak_mb"] for share, one in by_share.items()}
            for what, by_share in memory.items()
        },
    }


def measure_json(file: Path, _: Path) -> Figures:
    """Decode the lines, and nothing else."""
    turns = conversations = 0
    start = time.perf_counter()
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            turns += len(json.loads(line)["turns"])
            conversations += 1
    return _measured(start, turns, conversations)


def measure_import(file: Path, folder: Path, redact: bool = False) -> Figures:
    """Import into a fresh workspace, as `turnwise import` does."""
    from turnwise.config import CONFIG_FILE
    from turnwise.project import Project
    from turnwise.steps import import_logs

    Project.create(folder).close()
    settings = (folder / CONFIG_FILE).read_text(encoding="utf-8")
    written = settings.replace("redact: true", f"redact: {str(redact).lower()}")
    (folder / CONFIG_FILE).write_text(written, encoding="utf-8")
    with Project.open(folder) as project:
        assert project.config.redact is redact
        start = time.perf_counter()
        result = import_logs(project, [file])
        figures = dict(_measured(start, result.turns, result.added))
    size = sum(path.stat().st_size for path in folder.glob(f"{DATABASE}*"))
    assert result.rejected == 0, result.errors
    return {**figures, "database_mb": round(size / 2**20, 1), "redacted": result.redacted.total()}


def measure_redaction(file: Path, _: Path) -> Figures:
    """Redact conversations that were read beforehand."""
    from turnwise.privacy import Redactor

    conversations = [record.conversation for record in read(file) if record.conversation]
    redactor = Redactor()
    found = 0
    start = time.perf_counter()
    for conversation in conversations:
        found += redactor.redact(conversation)[1].total()
    turns = sum(len(one.turns) for one in conversations)
    return {**_measured(start, turns, len(conversations)), "redacted": found}


def measure_sqlite(_: Path, folder: Path) -> Figures:
    """Insert the rows of an imported workspace into empty tables and indexes like its own."""
    with sqlite3.connect(folder / DATABASE) as source:
        schema = [
            str(row[0])
            for row in source.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
                " ORDER BY type DESC"  # tables before their indexes
            )
        ]
        rows = {
            name: list(_rows(source, name)) for name in ("conversations", "turns", "annotations")
        }
    bare = folder / "bare.db"
    bare.unlink(missing_ok=True)
    target = sqlite3.connect(bare)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-32000"):
        target.execute(f"PRAGMA {pragma}")
    for statement in schema:
        target.execute(statement)
    target.commit()
    start = time.perf_counter()
    with target:
        for name, values in rows.items():
            marks = ", ".join("?" * len(values[0]))
            target.executemany(f"INSERT INTO {name} VALUES ({marks})", values)
    figures = _measured(start, len(rows["turns"]), len(rows["conversations"]))
    target.close()
    return figures


def _rows(source: sqlite3.Connection, table: str) -> Iterable[tuple[object, ...]]:
    return source.execute(f"SELECT * FROM {table}")


def _measured(start: float, turns: int, conversations: int) -> Figures:
    return {
        "seconds": round(time.perf_counter() - start, 3),
        "turns": turns,
        "conversations": conversations,
        "peak_mb": own_peak_mb(),
    }


MEASURES: Mapping[str, Callable[[Path, Path], Figures]] = {
    "json": measure_json,
    "import": measure_import,
    "import-redacted": partial(measure_import, redact=True),
    "redact": measure_redaction,
    "sqlite": measure_sqlite,
}

if __name__ == "__main__":
    sys.exit(main())
