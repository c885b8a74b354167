"""What no file of the repository holds: where packages come from, and where somebody keeps them."""

import re

import pytest

from tests.architecture import files

# Written in pieces, so that this file does not hold them either.
REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry.npm" + "js.org",
    "proxy.go" + "lang.org",
    "sum.go" + "lang.org",
    "crates" + ".io",
    "docker" + ".io",
    "ghcr" + ".io",
    "quay" + ".io",
)
MACHINE_PATH = re.compile(r"(?<![\w.}$)])/(?:work|root|tmp|home|Users)/[\w.-]")
INDEX_OPTION = re.compile(r"--(?:extra-)?index-url[ =]\S|^(?:index-url|-i) ", re.MULTILINE)
# Strings that are data: neither address is ever asked.
ALLOWED: dict[str, str] = {}


def text(path: object) -> str:
    return path.read_text(errors="replace")  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_file_names_a_package_registry(host: str) -> None:
    found = [str(p.relative_to(files.ROOT)) for p in files.text_files() if host in text(p)]
    assert found == []


def test_no_file_names_an_index() -> None:
    found = [p for p in files.text_files() if INDEX_OPTION.search(text(p))]
    assert [str(p.relative_to(files.ROOT)) for p in found] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {}
    for path in files.text_files():
        name = str(path.relative_to(files.ROOT))
        if name not in ALLOWED and (hits := MACHINE_PATH.findall(text(path))):
            found[name] = hits
    assert found == {}


def test_no_file_is_too_big_to_review() -> None:
    big = {str(p.relative_to(files.ROOT)): p.stat().st_size for p in files.tracked()}
    assert {name: size for name, size in big.items() if size > 2_000_000} == {}
