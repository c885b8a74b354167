"""``python -m bot.local.cluster``: the local cluster alone, until it is interrupted."""

import argparse
import asyncio

from bot.local import cluster


async def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--kubeconfig", default="")
    given = parser.parse_args()
    local = cluster.LocalCluster()
    await local.start(port=given.port)
    print(local.url)
    if given.kubeconfig:
        print(f"kubeconfig: {local.kubeconfig(given.kubeconfig)}")
    try:
        await asyncio.Event().wait()
    finally:
        await local.stop()


if __name__ == "__main__":
    asyncio.run(main())
