"""The table of features: what a row is, and which rows somebody asks for."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
KEYS = {"row", "feature", "scenarios", "not_built", "missing"}


class Unknown(ValueError):
    """What was asked for is no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``not_built`` says why nothing of it runs, ``missing`` which part of it does not."""

    number: int
    feature: str
    scenarios: tuple[str, ...] = ()
    not_built: str = ""
    missing: str = ""


def load(file: Path = HERE / "rows.yaml") -> dict[int, Row]:
    found: dict[int, Row] = {}
    for entry in yaml.safe_load(file.read_text()):
        row = _row(entry)
        if row.number in found:
            raise ValueError(f"{file.name} has row {row.number} twice")
        found[row.number] = row
    return found


def _row(entry: dict[str, Any]) -> Row:
    if unknown := set(entry) - KEYS:
        raise ValueError(f"row {entry.get('row')} has unknown keys: {', '.join(sorted(unknown))}")
    return Row(
        number=entry["row"],
        feature=entry["feature"],
        scenarios=tuple(entry.get("scenarios", ())),
        not_built=entry.get("not_built", ""),
        missing=entry.get("missing", ""),
    )


def parse(text: str, known: Collection[int]) -> list[int]:
    """The numbers of ``1,4,9-13``, sorted and each once; raises ``Unknown``."""
    wanted: set[int] = set()
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise Unknown(f"{part.strip()!r} is no row; write 4 or 9-13")
        span = range(int(first), int(last or first) + 1)
        if not span:
            raise Unknown(f"{part.strip()!r} ends before it begins")
        wanted |= set(span)
    if unknown := wanted - set(known):
        raise Unknown(f"there is no row {', '.join(map(str, sorted(unknown)))}")
    return sorted(wanted)
