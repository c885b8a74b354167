"""Which features are there, and how do we know?  python3 dev.py parity [OPTIONS]

Runs the tests and scenarios that carry a row of the feature table and says of each row:

  pass       a check ran on the real control plane, and all its checks passed
  partly     its checks passed, but none on the real control plane, or a part of it is missing
  fail       a check failed
  not built  nothing checks it, or the bot refuses it by name

Exit 1 if a row failed; rows that --rows names must pass. With --plant nothing of that runs: a
planted bug of each row must be noticed.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.parity import marked, planting, played, rows, verdicts


def main() -> int:
    given = arguments()
    table = rows.load()
    try:
        asked = rows.parse(given.rows, table) if given.rows else sorted(table)
    except rows.Unknown as error:
        print(error, file=sys.stderr)
        return 2
    if given.plant:
        return planting.run(asked, jobs=given.jobs)
    chosen = [table[number] for number in asked]
    checks = [*marked.run(asked), *played.run(chosen)]
    lines = [verdicts.judge(row, checks) for row in chosen]
    show(lines)
    if given.json:
        given.json.write_text(json.dumps([plain(line) for line in lines], indent=1) + "\n")
    return verdicts.exit_code(lines, asked_by_name=bool(given.rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dev.py parity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", help="such as 1,4,9-13; all where it is left out")
    parser.add_argument("--json", type=Path, help="write the table there, too")
    parser.add_argument("--plant", action="store_true", help="must a planted bug be noticed?")
    parser.add_argument("--jobs", type=int, default=2, help="planted bugs at once")
    return parser.parse_args()


def show(lines: Iterable[verdicts.Line]) -> None:
    found = list(lines)
    wide = max(len(line.row.feature) for line in found)
    print(f"\n{'row':>4}  {'feature':{wide}}  {'':9}  pure local real")
    for line in found:
        counts = "".join(f"{line.passed[where] or '-':>5}" for where in verdicts.Where)
        text = f"{line.row.number:>4}  {line.row.feature:{wide}}  {line.status:9} {counts}"
        print(f"{text}  {line.note}".rstrip())
    counted = verdicts.count(found)
    words = ", ".join(f"{number} {status}" for status, number in counted.items())
    print(f"\nRows: {len(found)}; {words}.")


def plain(line: verdicts.Line) -> dict[str, Any]:
    return {
        "row": line.row.number,
        "feature": line.row.feature,
        "status": line.status,
        "where": {where: line.passed[where] for where in verdicts.Where},
        "note": line.note,
    }


if __name__ == "__main__":
    sys.exit(main())
