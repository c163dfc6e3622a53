"""A project: a workspace, the settings beside it, and what both together decide.

Project.create(folder, ...) / Project.open(folder) -> taxonomy, split, encoder
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Self

from turnwise.config import CONFIG_FILE, Config, config_text, load_config
from turnwise.conversations import Conversation
from turnwise.encoders import KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.endpoints import TEACHER, find_endpoint
from turnwise.errors import BundleError, WorkspaceError
from turnwise.gold_taxonomy import infer_taxonomy, refuse_unknown_gold
from turnwise.llm.endpoint import Endpoint
from turnwise.progress import Progress, silent
from turnwise.sampling import Split, split_conversations
from turnwise.taxonomy import Taxonomy, load_taxonomy
from turnwise.unfinished import write_file
from turnwise.workspace import Workspace

CURRENT = "current"  # names the bundle that belongs to the data as they are


class Project:
    """An open workspace with its settings; close it, or use it in a `with` statement.

    Attributes:
        folder: where everything lies.
        config: the settings of `turnwise.yaml`.
        workspace: the database and what it keeps.
    """

    def __init__(self, folder: Path, config: Config, workspace: Workspace) -> None:
        self.folder, self.config, self.workspace = folder, config, workspace

    @classmethod
    def create(
        cls,
        folder: Path | str,
        taxonomy: Path | str | None = None,
        *,
        seed: int | None = None,
        test: int | None = None,
        database: str | None = None,
    ) -> Self:
        """Make a folder with settings, an empty database, and a copy of a taxonomy.

        Args:
            taxonomy: a file, checked before anything is made; without one the labels of
                imported gold make a flat taxonomy.
            seed, test: how many labelled conversations to train on, and to score on; see
                `config.SplitConfig`.
            database: a URL; SQLite in the folder where it is left out.

        Raises:
            TaxonomyError: the taxonomy file is faulty.
            WorkspaceError: the folder is a workspace already.
        """
        folder = Path(folder)
        if taxonomy is not None:
            load_taxonomy(taxonomy)
        workspace = Workspace.create(folder, database)
        if taxonomy is not None:
            shutil.copyfile(taxonomy, folder / Config().taxonomy)
        # Last, for this file marks the folder as a workspace.
        (folder / CONFIG_FILE).write_text(config_text(seed, test, database), encoding="utf-8")
        return cls(folder, load_config(folder), workspace)

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Open what `create` made.

        Raises:
            WorkspaceError: the folder is no workspace, or of a newer version.
            ConfigError: the settings are faulty.
        """
        folder = Path(folder)
        # Without the file, the workspace itself says what is missing.
        config = load_config(folder) if (folder / CONFIG_FILE).is_file() else Config()
        return cls(folder, config, Workspace.open(folder, config.database))

    def close(self) -> None:
        self.workspace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def bundles(self) -> Path:
        return self.folder / "bundles"

    def set_current_bundle(self, folder: Path) -> None:
        """Note which bundle belongs to the data and settings as they are; see `current_bundle`."""
        write_file(self.bundles / CURRENT, folder.name + "\n")

    def refuse_beside(self, commands: Collection[str], why: str) -> None:
        """Let nothing begin while some command runs on this machine.

        Raises:
            WorkspaceError: one does; it says which, and why that matters.
        """
        for run in self.workspace.runs():
            here = run.host == socket.gethostname() and run.status == "running"
            if here and run.command in commands:
                raise WorkspaceError(
                    f"turnwise {run.command} is running on {self.folder} already (process "
                    f"{run.pid}), {why}. Wait for it or end it, then run the same command again"
                )

    @contextmanager
    def recorded(
        self, command: str, key: str = "", facts: Mapping[str, str] | None = None
    ) -> Iterator[dict[str, str | int | float]]:
        """Keep in the workspace that a command ran, with its settings and what it put in here.

        The settings are kept without the database's URL, which may hold a password; facts stand
        beside them from the start, also where the run is killed.
        """
        settings = self.config.model_dump(mode="json", exclude={"database"})
        if facts is not None:
            settings[command] = dict(facts)
        run = self.workspace.begin_run(command, settings, key)
        result: dict[str, str | int | float] = {}
        try:
            yield result
        except BaseException:
            with suppress(WorkspaceError):  # the first error is the one to tell
                self.workspace.end_run(run, "failed")
            raise
        self.workspace.end_run(run, "finished", result)

    def given_taxonomy(self) -> Taxonomy | None:
        """The taxonomy file, kept as a version when it changed; None where there is no file."""
        path = self.folder / self.config.taxonomy
        if not path.exists():
            return None
        taxonomy = load_taxonomy(path)
        self.workspace.put_taxonomy(taxonomy)
        return taxonomy

    def taxonomy(self) -> Taxonomy:
        """The taxonomy file, or where there is none the labels of the gold as a taxonomy.

        Raises:
            WorkspaceError: there is neither, or stored gold has labels that the file lacks.
        """
        gold = self.workspace.gold_labels()
        taxonomy = self.given_taxonomy()
        if taxonomy is not None:
            refuse_unknown_gold(gold, taxonomy, self.folder / self.config.taxonomy)
            return taxonomy
        if not gold:
            raise WorkspaceError(
                f"{self.folder}: there is no {self.config.taxonomy}, and no conversation has "
                "labels. Write a taxonomy, or import a labelled seed"
            )
        inferred = infer_taxonomy(gold)
        self.workspace.put_taxonomy(inferred)
        return inferred

    def split(self) -> Split:
        """Seed, test and unlabelled conversations, as the settings say."""
        split = self.config.split
        gold, every = self.workspace.gold_ids(), self.workspace.ids()
        return split_conversations(gold, every, split.seed, split.test)

    def endpoint(self, name: str = TEACHER) -> Endpoint:
        """The language model of a name, of the environment or else of the settings.

        Its `key()` gives the key. A role (`endpoints.ROLES`) without an endpoint has the teacher's.

        Raises:
            ConfigError: there is none; the message says what to write where.
        """
        path = self.folder / CONFIG_FILE
        return find_endpoint(self.config.endpoints, name, os.environ, path)

    def encoder_folder(self, progress: Progress = silent) -> Path:
        """The folder of the exported encoder of the settings; exported on first use."""
        return prepare_encoder(
            self.config.encoder, encoder_cache(), progress, self.config.precision
        )

    def encoder(self, progress: Progress = silent) -> KeptEncoder:
        """The encoder of the settings, its vectors kept on disk."""
        encoder = OnnxEncoder(self.encoder_folder(progress), at_once=False)
        return KeptEncoder(encoder, self.workspace.vectors(encoder.id))


def current_bundle(folder: Path) -> Path:
    """The bundle of a project's folder that was trained last, found without its database.

    Raises:
        BundleError: none was trained yet.
    """
    note = folder / "bundles" / CURRENT
    if not note.is_file():
        raise BundleError(
            f"{folder / 'bundles'} holds no bundle of all dimensions. Run 'turnwise train' first, "
            "or name one with --bundle"
        )
    return note.with_name(Path(note.read_text(encoding="utf-8").strip()).name)


def key_of(*parts: object) -> str:
    """sha256 of the inputs of a piece of work: the key under which its outcome is kept."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def without_gold(conversation: Conversation) -> Conversation:
    """The conversation as an annotator may see it."""
    return replace(conversation, turns=tuple(replace(t, gold={}) for t in conversation.turns))


def encoder_cache() -> Path:
    """Where exported encoders are kept for all workspaces: $TURNWISE_CACHE or ~/.cache."""
    chosen = os.environ.get("TURNWISE_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "turnwise"
