"""Does the bot do what the recorded controller did?  python3 dev.py conformance [OPTIONS]

(no command)   start the control plane and the bot, play, compare; exit 1 on a difference
record         play against whatever controller watches the cluster of --kubeconfig
compare        compare two folders of recordings
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.cluster import binaries
from tests.cluster.control_plane import ControlPlane
from tests.conformance import bot, compare, play
from tests.conformance.cluster import Object

SHOWN = 20


def main() -> int:
    given = arguments()
    match given.command:
        case "record":
            chosen = choose(given.only)
            return asyncio.run(
                record(chosen, kubeconfig=given.kubeconfig, out=given.out, jobs=given.jobs)
            )
        case "compare":
            names = [f.stem for f in sorted(given.recorded.glob("*.json"))]
            wanted = set(given.only.split(",")) if given.only else set(names)
            names = [name for name in names if name in wanted]
            return show(names, recorded=given.recorded, here=given.here, given=given)
        case _:
            return judge_the_bot(given)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dev.py conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--only", help="ids of scenarios, separated by commas")
    common.add_argument("--jobs", type=int, default=3, help="scenarios at once")
    looks = argparse.ArgumentParser(add_help=False)
    looks.add_argument("--path", action="store_true", help="show states never visited there")
    looks.add_argument("--events", action="store_true", help="compare the order of events")
    looks.add_argument("--lines", type=int, default=SHOWN, help="differences shown of each")
    looks.add_argument("--allow", type=Path, action="append", help="more rules like noise.yaml")
    commands = parser.add_subparsers(dest="command")
    judge = commands.add_parser("judge", parents=[common, looks], help="what no command means")
    judge.add_argument("--out", type=Path, help="keep the recordings here")
    recording = commands.add_parser("record", parents=[common])
    recording.add_argument("--kubeconfig", type=Path, required=True)
    recording.add_argument("--out", type=Path, required=True)
    comparing = commands.add_parser("compare", parents=[common, looks])
    comparing.add_argument("recorded", type=Path)
    comparing.add_argument("here", type=Path)
    words = sys.argv[1:]
    if not words or words[0].startswith("-") and not {"-h", "--help"} & set(words):
        words = ["judge", *words]
    return parser.parse_args(words)


def choose(only: str | None) -> list[Object]:
    known = play.scenarios()
    if only is None:
        return list(known)
    wanted = only.split(",")
    if unknown := set(wanted) - {scenario["id"] for scenario in known}:
        raise SystemExit(f"no such scenario: {', '.join(sorted(unknown))}")
    return [scenario for scenario in known if scenario["id"] in wanted]


async def record(chosen: list[Object], *, kubeconfig: Path, out: Path, jobs: int) -> int:
    """1 if a scenario stopped."""
    stopped = 0
    async for made in play.record(chosen, kubeconfig=kubeconfig, out=out, jobs=jobs):
        word = "STOPPED" if "stopped" in made else "played"
        stopped += word == "STOPPED"
        print(f"{word:8}{made['id']:44}{len(made['points'])} points", flush=True)
    return 1 if stopped else 0


def judge_the_bot(given: argparse.Namespace) -> int:
    if reason := binaries.missing():
        raise SystemExit(reason)
    chosen = choose(given.only)
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        out = given.out or Path(scratch) / "here"
        out.mkdir(parents=True, exist_ok=True)
        log = out / "bot.log"
        judge = Judge(recorded=compare.RECORDED, given=given)
        with ControlPlane() as plane, bot.running(kubeconfig=plane.bot_kubeconfig, log=log):
            asyncio.run(play_and_judge(chosen, judge=judge, kubeconfig=plane.kubeconfig, out=out))
        report_errors(log)
        return judge.end()


async def play_and_judge(
    chosen: list[Object], *, judge: "Judge", kubeconfig: Path, out: Path
) -> None:
    """Each verdict is told as soon as its scenario is over."""
    jobs = judge.given.jobs
    async for made in play.record(chosen, kubeconfig=kubeconfig, out=out, jobs=jobs):
        judge.tell(made["id"], made)


def show(names: list[str], *, recorded: Path, here: Path, given: argparse.Namespace) -> int:
    judge = Judge(recorded=recorded, given=given)
    for name in names:
        file = here / f"{name}.json"
        judge.tell(name, json.loads(file.read_text()) if file.exists() else None)
    return judge.end()


class Judge:
    """Says for each recording whether it is the same, and counts."""

    def __init__(self, *, recorded: Path, given: argparse.Namespace) -> None:
        self.given = given
        self._recorded = recorded
        here = compare.HERE
        files = [here / "noise.yaml", here / "deviations.yaml", *(given.allow or [])]
        self._allowed = compare.rules(*files)
        self._look = compare.Look(path=given.path, events=given.events)
        self._good = self._all = 0

    def tell(self, name: str, here: Object | None) -> None:
        self._all += 1
        if here is None:
            print(f"MISSING {name}")
            return
        recorded = json.loads((self._recorded / f"{name}.json").read_text())
        allowed = self._allowed.get(name, [])
        verdict = compare.judge(recorded, here, look=self._look, allowed=allowed)
        self._good += not verdict.lines
        report(name, verdict, limit=self.given.lines)

    def end(self) -> int:
        """1 if there is any difference."""
        print(f"\n{self._good} of {self._all} do what was recorded.")
        return 0 if self._good == self._all else 1


def report(name: str, verdict: compare.Verdict, *, limit: int) -> None:
    """One line, then the differences."""
    known = f"  ({verdict.allowed} allowed)" if verdict.allowed else ""
    print(f"{'DIFF' if verdict.lines else 'same':6}{name}{known}", flush=True)
    for line in verdict.lines[:limit]:
        print(f"      {line}")
    if len(verdict.lines) > limit:
        print(f"      ... and {len(verdict.lines) - limit} more")


def report_errors(log: Path) -> None:
    """A bot that comes to the right end by way of exceptions is not right."""
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if '"level": "error"' in line]
    if errors:
        print(f"\nThe bot logged {len(errors)} errors; the first:\n  {errors[0][:1500]}")


if __name__ == "__main__":
    sys.exit(main())
