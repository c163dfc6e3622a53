"""Which language model is asked: by the settings, by the environment; and the key shows nowhere."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from turnwise.config import config_text, load_config
from turnwise.endpoints import find_endpoint
from turnwise.errors import ConfigError
from turnwise.llm.endpoint import Endpoint
from turnwise.project import Project

SECRET = "sk-Sesame-Open-0123456789"
TEACHER = """\
endpoints:
  teacher:
    base_url: http://127.0.0.1:8080/v1
    model: large
    key_env: LARGE_KEY
    concurrency: 64
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEACHER", "CRITIC", "JUDGE", "SMALL"):
        for part in ("BASE_URL", "MODEL", "KEY"):
            monkeypatch.delenv(f"TURNWISE_{name}_{part}", raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "work"):
        pass
    (tmp_path / "work" / "turnwise.yaml").write_text(TEACHER, encoding="utf-8")
    with Project.open(tmp_path / "work") as project:
        yield project


def test_the_settings_say_who_is_asked_and_where_the_key_is(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LARGE_KEY", SECRET)
    teacher = project.endpoint()
    expected = Endpoint("http://127.0.0.1:8080/v1", "large", "LARGE_KEY", concurrency=64)
    assert teacher == expected
    assert teacher.key() == SECRET


def test_a_role_without_an_endpoint_has_the_teachers(project: Project) -> None:
    assert project.endpoint("critic") == project.endpoint("small") == project.endpoint("teacher")


def test_any_other_name_must_be_configured(project: Project) -> None:
    with pytest.raises(ConfigError, match=r"no endpoint 'critc' is configured; there is teacher"):
        project.endpoint("critc")


def test_the_environment_wins(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNWISE_TEACHER_MODEL", "larger")
    monkeypatch.setenv("TURNWISE_TEACHER_KEY", SECRET)
    teacher = project.endpoint()
    assert (teacher.model, teacher.concurrency, teacher.key()) == ("larger", 64, SECRET)
    monkeypatch.setenv("TURNWISE_CRITIC_MODEL", "critical")
    assert project.endpoint("critic").model == "critical"
    assert project.endpoint("critic").base_url == teacher.base_url


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    named = {"TURNWISE_OWN_BASE_URL": "https://models.example/v1", "TURNWISE_OWN_MODEL": "m"}
    assert find_endpoint({}, "own", named, tmp_path) == Endpoint("https://models.example/v1", "m")
    keyed = {**named, "TURNWISE_OWN_KEY": SECRET}
    assert find_endpoint({}, "own", keyed, tmp_path).key_env == "TURNWISE_OWN_KEY"


def test_a_key_is_sent_to_no_other_address(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LARGE_KEY", SECRET)
    monkeypatch.setenv("TURNWISE_CRITIC_BASE_URL", "https://elsewhere.example/v1")
    assert project.endpoint("critic").key() == ""
    monkeypatch.setenv("TURNWISE_TEACHER_BASE_URL", "https://elsewhere.example/v1")
    assert project.endpoint("teacher").key() == ""
    monkeypatch.setenv("TURNWISE_TEACHER_BASE_URL", "http://127.0.0.1:8080/v1")
    assert project.endpoint("teacher").key() == SECRET


def test_without_an_endpoint_it_says_what_to_write_where(tmp_path: Path) -> None:
    with Project.create(tmp_path / "work") as project, pytest.raises(ConfigError) as caught:
        project.endpoint("critic")
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'work' / 'turnwise.yaml'}: no endpoint 'teacher' is")
    for part in ("endpoints:\n  teacher:\n    base_url: http", "TURNWISE_TEACHER_MODEL"):
        assert part in said


def test_a_faulty_variable_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("127.0.0.1:8080", f"https://me:{SECRET}@host/v1", SECRET):
        monkeypatch.setenv("TURNWISE_TEACHER_BASE_URL", address)
        with pytest.raises(ConfigError, match="field TURNWISE_TEACHER_BASE_URL: is no") as caught:
            project.endpoint()
        assert SECRET not in shown(caught.value)


def shown(error: BaseException) -> str:
    """All that a log with tracebacks would show of an error, the source lines aside."""
    parts = traceback.TracebackException.from_exception(error, capture_locals=False)
    return "".join(parts.format())


FAULTS = {
    "model: 7": (4, "teacher.model"),
    "concurrency: many": (4, "teacher.concurrency"),
    "attempts: 0": (4, "teacher.attempts"),
    "price_in: -1": (4, "teacher.price_in"),
    "answer_tokens: 9000": (4, "teacher.answer_tokens"),
    f"key: {SECRET}": (4, "teacher.key"),
    f"key_env: {SECRET}": (4, "teacher.key_env"),
    "key_env: gsk_0123456789abc": (4, "teacher.key_env"),
    f"timeout: {SECRET}": (4, "teacher.timeout"),
    f"model: {{key: {SECRET}}}": (4, "teacher.model"),
}


@pytest.mark.parametrize("line", FAULTS)
def test_a_faulty_setting_is_told_with_file_line_and_field(tmp_path: Path, line: str) -> None:
    at, field = FAULTS[line]
    rest = "" if line.startswith("model") else "    model: m\n"
    text = f"endpoints:\n  teacher:\n    base_url: http://host/v1\n    {line}\n{rest}"
    (tmp_path / "turnwise.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(
        ConfigError, match=rf"turnwise.yaml, line {at}, field endpoints.{field}: "
    ) as e:
        load_config(tmp_path)
    assert SECRET not in shown(e.value)
    assert "gsk_" not in shown(e.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"endpoints: {SECRET}", "field endpoints: must hold one section"),
        (f"endpoints:\n  teacher: {SECRET}", "line 2, field endpoints.teacher: must be a section"),
        ("endpoints:\n  Teacher: {}", "no such name. Write it in small letters"),
        ("endpoints:\n  teacher: {model: m}", "field endpoints.teacher.base_url: .*required"),
        (
            f"endpoints:\n  teacher:\n    base_url: https://h/v1?key={SECRET}\n    model: m",
            "line 3, field endpoints.teacher.base_url: is no address",
        ),
        (f"redact: {SECRET}", "field redact"),
    ],
)
def test_what_is_no_endpoint_is_refused_without_repeating_it(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "turnwise.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(tmp_path)
    assert SECRET not in shown(caught.value)


def test_no_file_of_the_workspace_ever_holds_the_key(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LARGE_KEY", SECRET)
    monkeypatch.setenv("TURNWISE_CRITIC_KEY", SECRET)
    with project.recorded("label") as record:
        record["endpoint"] = f"{project.endpoint()} {project.endpoint('critic')!r}"
        assert project.endpoint().key() == project.endpoint("critic").key() == SECRET
    assert project.workspace.runs()[0].config["endpoints"]["teacher"]["key_env"] == "LARGE_KEY"
    project.workspace.close()
    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in path.read_bytes() for path in files)


def test_the_example_in_a_new_settings_file_is_right(tmp_path: Path) -> None:
    written = config_text(None, None, None)
    head, mark, example = written.partition("# endpoints:")
    active = head + (mark + example).replace("\n# ", "\n").removeprefix("# ")
    (tmp_path / "turnwise.yaml").write_text(active, encoding="utf-8")
    assert load_config(tmp_path).endpoints["teacher"].key_env == "OPENAI_API_KEY"
    (tmp_path / "turnwise.yaml").write_text(written, encoding="utf-8")
    assert load_config(tmp_path).endpoints == {}
