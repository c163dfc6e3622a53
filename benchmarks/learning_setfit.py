"""SetFit, the rival where there are few turns a label, in a Python of its own.

    python -m venv /tmp/setfit && /tmp/setfit/bin/pip install setfit
    python -m benchmarks.learning --only utterances --setfit /tmp/setfit/bin/python

This file is also the program that the other Python runs: it reads a JSON object from standard
input and writes Float32[n_asked, n_labels] to the file named there. It imports nothing of ours.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

PAIRS = 20  # SetFit's own number of iterations, of which each text makes two pairs
BATCH = 16
SCORED = 256


def set_fit(python: str, job: dict[str, object]) -> tuple[np.ndarray, dict[str, float]]:
    """Train SetFit in another Python and return its probabilities and seconds.

    Args:
        job: encoder (a folder), texts and labels to learn from (labels are places), asked,
            n_labels, seed, threads.

    Raises:
        OSError, subprocess.CalledProcessError: it could not be run.
    """
    with TemporaryDirectory(prefix="turnwise-setfit-") as folder:
        job = {**job, "folder": folder}
        subprocess.run(
            [python, str(Path(__file__).resolve())],
            input=json.dumps(job).encode(),
            check=True,
            capture_output=True,
        )
        facts = json.loads((Path(folder) / "facts.json").read_text())
        return np.load(Path(folder) / "probabilities.npy"), facts


def main() -> None:
    import torch
    from datasets import Dataset  # type: ignore[import-not-found]
    from setfit import SetFitModel, Trainer, TrainingArguments  # type: ignore[import-not-found]

    job = json.load(sys.stdin)
    folder = Path(job["folder"])
    torch.set_num_threads(job["threads"])
    model = SetFitModel.from_pretrained(job["encoder"])
    arguments = TrainingArguments(
        output_dir=str(folder / "run"),
        batch_size=BATCH,
        num_epochs=1,
        num_iterations=PAIRS,
        seed=job["seed"],
        save_strategy="no",
        report_to="none",
    )
    taught = Dataset.from_dict({"text": job["texts"], "label": job["labels"]})
    start = time.perf_counter()
    Trainer(model=model, args=arguments, train_dataset=taught).train()
    seconds = time.perf_counter() - start
    found = np.zeros((len(job["asked"]), job["n_labels"]), np.float32)
    classes = np.asarray(model.model_head.classes_)
    for begin in range(0, len(found), SCORED):
        asked = job["asked"][begin : begin + SCORED]
        found[begin : begin + SCORED, classes] = np.asarray(model.predict_proba(asked))
    np.save(folder / "probabilities.npy", found)
    (folder / "facts.json").write_text(json.dumps({"train_seconds": round(seconds, 1)}))


if __name__ == "__main__":
    main()
