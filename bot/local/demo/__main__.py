"""``python -m bot.local.demo``: the stage, then a story or a person at the page."""

import asyncio
import signal
import sys
import time

from bot.local.demo import errors, kube, options, report, stage, stories

_started = time.monotonic()


def say(text: str) -> None:
    print(f"{time.monotonic() - _started:6.1f} s  {text}", flush=True)


async def perform(chosen: options.Options) -> int:
    async with stage.standing(chosen) as standing:
        greet(standing, chosen)
        if not chosen.story:
            await asyncio.Event().wait()
        code = await play(standing, chosen)
        if not chosen.once:
            say("the stage stays: Ctrl-C ends it")
            await asyncio.Event().wait()
        return code


async def play(standing: stage.Stage, chosen: options.Options) -> int:
    played = stories.make(standing, chosen, say)
    code = errors.Exit.TIMED_OUT
    try:
        found = await played.play()
        code = errors.Exit.RIGHT if all(check.ok for check in found) else errors.Exit.WRONG
        print(f"\n{report.table(found)}\n", flush=True)
    finally:
        if chosen.out:
            await report.write(chosen.out, played, code=code)
    return code


def greet(standing: stage.Stage, chosen: options.Options) -> None:
    name = standing.scene.name
    container = standing.rollout["spec"]["template"]["spec"]["containers"][0]["name"]
    ship = f"/rollout set-image {name} {container}={name}"
    table = "\n  ".join(stage.behaviors(chosen.error_rate))
    say("ready")
    print(f"""
  page      {standing.workspace.url}/   (a local stand-in for Slack)
  proxy     {standing.traffic.proxy_url}   (Host: {" or ".join(standing.scene.hosts)})
  metrics   {standing.traffic.prometheus_url}   ({standing.traffic.source})
  cluster   kubectl --kubeconfig {standing.kubeconfig} get rollouts -A

  {table}

  In the page, as alice in #releases:
    /rollout list
    {ship}:good-2    then press Approve
    {ship}:bad-3     and watch it come back
  Ctrl-C ends everything.
""")


async def main(chosen: options.Options) -> int:
    """Run until done, SIGINT or SIGTERM; the parts are ended either way."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    stopped: list[int] = []

    def stop(number: int) -> None:
        stopped.append(number)
        if task is not None and len(stopped) == 1:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        return await perform(chosen)
    except asyncio.CancelledError:
        if not stopped:
            raise
    # A story cut short proves nothing; a stage that was only looked at ended as asked.
    return 128 + stopped[0] if chosen.once else errors.Exit.RIGHT


def leaf(error: BaseException) -> BaseException:
    """What went wrong first, out of the groups that tasks wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def run() -> int:
    chosen = options.parse(sys.argv[1:])
    try:
        return asyncio.run(main(chosen))
    except (errors.DemoError, kube.RefusedError, OSError, ExceptionGroup) as raised:
        error = leaf(raised)
        if not isinstance(error, errors.DemoError | kube.RefusedError | OSError):
            raise
        print(f"demo: {str(error) or type(error).__name__}", file=sys.stderr)
        return error.code if isinstance(error, errors.DemoError) else errors.Exit.WRONG


if __name__ == "__main__":
    sys.exit(run())
