"""Run the workspace alone: `python -m bot.local.workspace --port 8091`."""

import argparse
import asyncio
import contextlib
import signal

from bot.local.workspace import LocalWorkspace


async def _serve(*, port: int) -> None:
    workspace = LocalWorkspace()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    await workspace.start(port=port)
    print(f"workspace (a local stand-in, not Slack): {workspace.url}/")
    print(f"  SLACK_API_URL={workspace.api_url}")
    print(f"  SLACK_BOT_TOKEN={workspace.bot_token}")
    print(f"  SLACK_APP_TOKEN={workspace.app_token}", flush=True)
    try:
        await stop.wait()
    finally:
        await workspace.stop()


def main() -> None:
    """Read the arguments and serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m bot.local.workspace", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free port")
    asyncio.run(_serve(port=parser.parse_args().port))


if __name__ == "__main__":
    main()
