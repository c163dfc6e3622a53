import json
import subprocess
import sys

import pytest

COMMANDS = ("init", "import", "stats", "label", "train", "evaluate", "predict", "run", "forget")
HEAVY = ("torch", "transformers", "sklearn", "openai", "altair", "sqlalchemy", "onnxruntime")


@pytest.mark.parametrize(
    "code",
    [
        "import turnwise",
        "import turnwise.cli.commands",
        "import sys; sys.argv = ['turnwise', '--help']\n"
        "from turnwise.cli import main\n"
        "try: main()\nexcept SystemExit: pass",
    ],
)
def test_starting_loads_nothing_heavy(code):
    report = "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code + report], capture_output=True, check=True)
    modules = json.loads(out.stdout.splitlines()[-1])
    assert [name for name in HEAVY if name in modules] == []


def test_every_command_explains_itself(turnwise):
    listed = turnwise("--help").stdout
    for command in [
        "init",
        "import",
        "export",
        "stats",
        "label",
        "train",
        "evaluate",
        "predict",
        "run",
        "forget",
    ]:
        assert command in listed
        assert "--json" in turnwise(command, "--help").stdout


def test_the_package_runs_as_a_module():
    command = [sys.executable, "-m", "turnwise", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Usage: " in done.stdout
