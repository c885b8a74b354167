"""``dev.py bench``: starts the control plane and the bot, measures, prints a table.

``slack`` and ``decided`` (on a virtual clock) and ``surfaces`` (on the local stage) need no
control plane.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

import yaml

from tests.benchmarks import ack, chat, decided, freshness, measures, surfaces
from tests.benchmarks.world import World
from tests.cluster import binaries
from tests.cluster.control_plane import ControlPlane
from tests.conformance import bot

ALL = {**measures.ALL, **freshness.ALL, **ack.ALL}
WITH_SLACK = frozenset(ack.ALL)
"""These have a bot of their own: talking costs something, and the others measure without."""
APART = {"slack": chat.slack, "decided": decided.rows, "surfaces": surfaces.surfaces}
PEER = yaml.safe_load((Path(__file__).parent / "peer.yaml").read_text())


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def line(row: measures.Row) -> str:
    """One row of the table; seconds."""
    peer = PEER.get(row.name, {})
    cells = [_cell(row.at(share)) for share in (0.5, 0.95, 0.99, 1.0)]
    told = f"{row.name:13}" + "".join(f"{cell:>9}" for cell in cells)
    told += f"   {peer.get('default', '-'):26}{peer.get('raised', '-'):28}"
    return f"{told}{row.notes}".rstrip()


HEAD = (
    f"{'seconds':13}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}   "
    f"{'peer, default':26}{'peer, raised':28}"
)


async def run(
    names: list[str], size: measures.Size, plane: ControlPlane, pid: int, slack_port: int = 0
) -> list:
    rows = []
    meter = measures.Meter(pid=pid, audit=plane.audit_log, slack_port=slack_port)
    async with World(kubeconfig=plane.kubeconfig) as world:
        for name in names:
            made = await ALL[name](world, size, meter)
            made = made if isinstance(made, list) else [made]
            rows.extend(made)
            print(*map(line, made), sep="\n", flush=True)
            await world.clear()
    return rows


def live(names: list[str], size: measures.Size) -> list[measures.Row]:
    """What is measured of a bot on the real control plane."""
    with ControlPlane() as plane, tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "bot.log"
        rows = []
        if silent := [name for name in names if name not in WITH_SLACK]:
            with bot.running(kubeconfig=plane.bot_kubeconfig, log=log) as pid:
                rows += asyncio.run(run(silent, size, plane, pid))
        if talking := [name for name in names if name in WITH_SLACK]:
            with (
                ack.standing() as slack,
                bot.running(
                    kubeconfig=plane.bot_kubeconfig, log=log, arguments=slack.arguments
                ) as pid,
            ):
                rows += asyncio.run(run(talking, size, plane, pid, slack.port))
    return rows


def main() -> int:
    known = [*ALL, *APART]
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument("--only", help="of " + ", ".join(known))
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that it runs")
    parser.add_argument(
        "--full", action="store_true", help="1,000 idle, 1,000 moments, 1,000 rollouts in Slack"
    )
    parser.add_argument("--json", type=Path, help="write the samples here")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else known
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown: {', '.join(unknown)}")
    on_plane = [name for name in names if name in ALL]
    if on_plane and (reason := binaries.missing()):
        print(reason, file=sys.stderr)
        return 3
    size = measures.QUICK if given.quick else measures.FULL if given.full else measures.Size()
    print(HEAD, flush=True)
    rows = live(on_plane, size) if on_plane else []
    for name in (name for name in names if name in APART):
        made = APART[name](size)
        rows += made
        print(*map(line, made), sep="\n", flush=True)
    if given.json:
        raw = [{"name": r.name, "seconds": r.seconds, "notes": r.notes} for r in rows]
        given.json.write_text(json.dumps(raw, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
