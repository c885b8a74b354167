"""Short files and short functions: what does not fit in the head is cut before it is merged.

The width of a line is ruff's affair.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import files

FILE_LINES, FUNCTION_LINES = 300, 60
# Tables of cases may be longer than code.
TEST_LINES = 500


def named(path: Path) -> str:
    return str(path.relative_to(files.ROOT))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", files.source_files(), ids=named)
def test_file_fits_the_limits(path: Path) -> None:
    text = path.read_text()
    lines = text.splitlines()
    assert len(lines) <= FILE_LINES, f"{len(lines)} lines"
    long = {
        f"{node.name} (line {node.lineno})": length
        for node in functions(ast.parse(text))
        if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("path", files.source_files(), ids=named)
def test_module_says_what_belongs_in_it(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "no module docstring"


def test_test_modules_stay_readable() -> None:
    tests = [p for p in files.tracked() if p.suffix == ".py" and "tests" in p.parts]
    long = {named(p): n for p in tests if (n := len(p.read_text().splitlines())) > TEST_LINES}
    assert long == {}
