"""The docs are held to the program: examples run, commands, settings and links exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel

from tests.workspaces import copy_folder
from turnwise.config import Config

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
README = REPOSITORY / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.S | re.M)
SHOWN = re.compile(r"  # -> (.+)$", flags=re.M)  # what an example says that it prints


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """(line on which it begins, text) of each fenced block of a language."""
    text = page.read_text("utf-8")
    found = [one for one in BLOCK.finditer(text) if one[1] == language]
    return [(text.count("\n", 0, one.start(2)), one[2]) for one in found]


def run_python(code: str, folder: Path, *arguments: object) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def console_commands(page: Path) -> Iterator[list[str]]:
    """The words of each command of a page's console blocks, pipes taken apart."""
    for _, text in blocks(page, "console"):
        for line in text.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                words = shlex.shlex(line[2:], posix=True, punctuation_chars="|&;")
                words.whitespace_split = True
                command: list[str] = []
                for word in [*words, "|"]:
                    if set(word) <= set("|&;"):
                        yield command
                        command = []
                    else:
                        command.append(word)


def settings(section: object, place: tuple[str, ...] = ()) -> Iterator[str]:
    """Every setting of turnwise.yaml with its sections: `training.context.kind`."""
    if isinstance(section, BaseModel):
        names = list(type(section).model_fields)
    elif is_dataclass(section):
        names = [field.name for field in fields(section)]
    else:
        yield ".".join(place)
        return
    for name in names:
        yield from settings(getattr(section, name), (*place, name))


@pytest.fixture(scope="session")
def documented_work(finished, tmp_path_factory) -> Path:
    """A folder with `examples` and a trained workspace `work`, for all pages."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "examples").symlink_to(REPOSITORY / "examples")
    copy_folder(finished, folder / "work")
    return folder


@pytest.fixture(scope="session")
def documented_options(turnwise) -> dict[str, set[str]]:
    """Command -> its options, as its own --help tells them; `taxonomy compress` is one too."""

    def told(*words: str) -> str:
        # Wide and plain, so that no name is broken over two lines or coloured in the middle.
        said = turnwise(*words, "--help", columns=200).stdout
        return re.sub(r"\x1b\[[0-9;]*m", "", said)

    def listed(*words: str) -> Iterator[tuple[str, set[str]]]:
        text = told(*words)
        names = re.findall(r"^\W*([a-z][a-z-]*)  ", text.partition(" Commands ")[2], flags=re.M)
        for name in names:
            yield from listed(*words, name)
        if not names:
            yield " ".join(words), set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))

    return dict(listed())


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name
)
def test_the_examples_of_a_page_run_and_print_what_they_say(page, documented_work, tmp_path):
    for name in ("examples", "work"):
        (tmp_path / name).symlink_to(documented_work / name)
    code = ""
    for start, text in blocks(page, "python"):
        code += "\n" * (start - code.count("\n")) + text  # a traceback then names the page's line
    out = run_python(code, tmp_path)
    for said in SHOWN.findall(code):
        assert said in out, f"{page.name} says that it prints {said!r}; printed was:\n{out}"


def test_commands_in_the_docs_exist_with_their_options(documented_options):
    assert {"init", "run", "predict"} <= set(documented_options)
    for page in (*PAGES, README):
        for program, *words in filter(None, console_commands(page)):
            if program != "turnwise" or words == ["--version"]:
                continue
            name, *rest = words
            if name not in documented_options:  # of a group
                name, rest = " ".join(words[:2]), words[2:]
            assert name in documented_options, f"{page.name}: turnwise {name}"
            given = {word.partition("=")[0] for word in rest if re.match("--?[a-z]", word)}
            assert given <= documented_options[name], f"{page.name}: turnwise {shlex.join(words)}"


def test_benchmarks_in_the_docs_exist():
    for page in (*PAGES, README):
        for module in re.findall(r"python -m benchmarks\.(\w+)", page.read_text("utf-8")):
            assert (REPOSITORY / "benchmarks" / f"{module}.py").is_file(), f"{page.name}: {module}"


def test_every_setting_is_in_the_docs():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert [one for one in settings(Config()) if f"`{one}`" not in text] == []


def test_every_command_is_in_the_docs(documented_options):
    text = "".join(page.read_text("utf-8") for page in (*PAGES, README))
    missing = [name for name in documented_options if not re.search(rf"turnwise {name}\b", text)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path = target.partition("#")[0]
        if path and "://" not in target:
            assert (page.parent / path).exists(), f"{page.name}: {target}"
