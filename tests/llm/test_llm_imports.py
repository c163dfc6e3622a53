import json
import subprocess
import sys

import turnwise.llm


def test_the_layer_loads_what_it_asks_with_only_when_it_asks():
    code = "import turnwise.llm, sys, json; print(json.dumps(list(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = set(json.loads(out.stdout))
    assert not loaded & {"openai", "httpx", "httpx2", "h11", "jinja2", "numpy", "sqlalchemy"}


def test_every_public_name_is_there_and_says_what_it_is():
    for name in turnwise.llm.__all__:
        assert getattr(turnwise.llm, name).__doc__
