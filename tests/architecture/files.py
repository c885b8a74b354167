"""The files that the rules of this folder are about: what git tracks or would track."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Data and locks: not written by hand.
GENERATED = ("requirements.lock", "go.sum", "go.mod", "LICENSE")
TEXT = {
    ".cfg", ".css", ".html", ".js", ".json", ".lock", ".md", ".mod", ".py", ".sh", ".sum", ".svg",
    ".toml", ".txt", ".yaml", ".yml",
}  # fmt: skip


def tracked() -> list[Path]:
    """Without git, as in an unpacked archive, every file that is not hidden."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        names = [p for p in ROOT.rglob("*") if p.is_file()]
        return [p for p in names if not any(s.startswith(".") for s in p.relative_to(ROOT).parts)]
    found = [ROOT / name for name in done.stdout.split("\0") if name]
    return [path for path in found if path.is_file()]


def text_files() -> list[Path]:
    return [p for p in tracked() if p.suffix in TEXT or p.name in {"run", "LICENSE", ".gitignore"}]


def source_files() -> list[Path]:
    """The Python of the product and its tools; not the tests'."""
    roots = {"bot", "handlers"}
    names = [p.relative_to(ROOT) for p in tracked() if p.suffix == ".py"]
    return [ROOT / p for p in names if p.parts[0] in roots or p.name == "dev.py"]
