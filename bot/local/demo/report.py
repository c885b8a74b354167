"""What is left of a demo: the table on the console and the files of ``--out``."""

import csv
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from bot.local.demo import checks, story


def table(found: Sequence[checks.Check]) -> str:
    width = max((len(check.id) for check in found), default=0)
    return "\n".join(
        f"  {'right' if check.ok else 'WRONG'}  {check.id:<{width}}  {check.evidence}"
        for check in found
    )


async def write(folder: Path, played: story.Story, *, code: int) -> None:
    """Everything that was seen, whether the story came to its end or not."""
    _write(folder, played, code)
    await played.save_charts(folder)


def _write(folder: Path, played: story.Story, code: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    summary = {
        "story": played.chosen.story,
        "exit": code,
        "checks": [dataclasses.asdict(check) for check in played.checks],
    }
    _json(folder / "summary.json", summary)
    _json(folder / "messages.json", played.stage.chat.messages)
    with (folder / "timeline.jsonl").open("w", encoding="utf-8") as lines:
        for sight in played.sights:
            lines.write(json.dumps(dataclasses.asdict(sight)) + "\n")
    with (folder / "requests.csv").open("w", encoding="utf-8", newline="") as rows:
        writer = csv.writer(rows)
        writer.writerow(["at", "revision", "status"])
        writer.writerows((f"{a.t:.3f}", a.revision, a.status) for a in played.answers())


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
