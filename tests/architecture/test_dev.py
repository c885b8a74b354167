"""dev.py runs on a bare machine: nothing but the standard library, and a sentence for old ones."""

import ast
import subprocess
import sys

import pytest

from tests.architecture import files

DEV = files.ROOT / "dev.py"
# Run before anything is installed, too.
TOOLS = files.ROOT / "tests" / "cluster"
BARE = [DEV, TOOLS / "binaries.py", TOOLS / "peer.py"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEV), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", BARE, ids=lambda path: path.name)
def test_tool_imports_only_the_standard_library(path) -> None:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            beside = {f"tests.cluster.{alias.name}" for alias in node.names}
            if not beside <= {f"tests.cluster.{path.stem}" for path in BARE}:
                found.add((node.module or "").split(".")[0])
    assert found <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("minor", [7, 8, 9, 10])
def test_old_python_can_read_the_sentence_that_refuses_it(minor: int) -> None:
    tree = ast.parse(DEV.read_text(), feature_version=(3, minor))
    future = next(node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    assert future.module == "__future__", "annotations must not be evaluated there"


def test_unknown_command_is_answered_with_the_known_ones() -> None:
    done = run("frobnicate")
    assert done.returncode == 2
    assert "frobnicate" in done.stderr
    assert "conformance" in done.stderr


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("demo", "test", "check", "bench", "conformance", "parity", "gallery", "plane"):
        assert f"  {command} " in done.stdout
