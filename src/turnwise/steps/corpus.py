"""Generated sets of a project -> a corpus that others can use, with its data card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from turnwise.errors import ConfigError
from turnwise.generated import Dropped, Unit
from turnwise.generation.corpus import Corpus, Written, write_corpus
from turnwise.generation.quality.proxies import Quality
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.generated_data import read_set
from turnwise.steps.generation_findings import read_findings
from turnwise.steps.generation_helpers import read_material


def export_corpus(
    project: Project,
    folder: Path,
    names: Sequence[str],
    *,
    licence: str,
    tokenizer: Path | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Written:
    """Write generated sets as one corpus: JSONL, Parquet, chat files, and a card beside the logs.

    Args:
        names: of the sets. licence: of the corpus; it hangs on that of the logs.
        tokenizer: a tokenizer.json or a folder with one, for tokens per word. force: replace a
            corpus that is there.

    Raises:
        TrainingError: there is no such set.
        ConfigError, FormatError: as `write_corpus`.
    """
    if not licence.strip():
        raise ConfigError(
            "a corpus needs a licence, which hangs on that of the logs that it follows",
            field="licence",
            hint="Name one, such as --licence CC-BY-4.0, or --licence proprietary",
        )
    material = read_material(project, progress)
    rows: dict[str, Quality] = {}
    dropped: Counter[tuple[str, Unit]] = Counter()
    for name in names:
        quality, reasons = read_findings(project, name)
        rows |= {one.name: one for one in quality}
        for one in reasons:
            dropped[one.reason, one.what] += one.count
    corpus = Corpus(
        name=folder.name,
        licence=licence,
        conversations=[one for name in names for one in read_set(project, name)],
        logs=material.logs,
        taxonomy=material.taxonomy,
        quality=list(rows.values()),
        dropped=[Dropped(why, count, what) for (why, what), count in dropped.most_common()],
    )
    with project.recorded("export") as record:
        written = write_corpus(corpus, folder, tokenizer=tokenizer, force=force, progress=progress)
        record.update(file=str(folder.resolve()), conversations=len(corpus.conversations))
    return written
