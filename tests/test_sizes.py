"""The sizes that keep the code readable: see CONTRIBUTING.md."""

import ast
from itertools import chain
from pathlib import Path
from statistics import median

SOURCES = sorted((Path(__file__).parents[1] / "src").rglob("*.py"))
LINES = {path: len(path.read_text("utf-8").splitlines()) for path in SOURCES}
FUNCTIONS = [
    (path, node)
    for path in SOURCES
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators, signature and docstring."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1


def test_files_are_short():
    assert median(LINES.values()) <= 120
    assert {str(path): lines for path, lines in LINES.items() if lines > 400} == {}


def test_functions_are_short():
    assert median(length(node) for _, node in FUNCTIONS) <= 12
    assert {f"{path}:{node.name}" for path, node in FUNCTIONS if length(node) > 60} == set()


def test_few_parameters_are_positional():
    many = {
        f"{path}:{node.name}"
        for path, node in FUNCTIONS
        if len([*chain(node.args.posonlyargs, node.args.args)]) > 6  # with self
        and "cli" not in path.parts  # a command's parameters are its options
    }
    assert many == set()
