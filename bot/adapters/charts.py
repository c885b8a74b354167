"""SVG to PNG, outside the loop: one short-lived child process a picture.

What is drawn is ``bot.render.charts``'s; where the picture goes is the Slack adapter's.
"""

import asyncio
import contextlib
import os
import pathlib
import sys

from bot.model import errors

SVG_LIMIT_BYTES = 4_000_000
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "HOME", "SYSTEMROOT", "TMPDIR")
_AT_ONCE = 2  # pictures may wait; the machine's cores may not all draw
_REAP_TIMEOUT_S = 2.0


class ChartPainter:
    """Draws at most a few pictures at once; one a process that needs charts."""

    def __init__(self, *, at_once: int = _AT_ONCE) -> None:
        self._turn = asyncio.Semaphore(at_once)

    async def png(self, svg: str, *, timeout_s: float = 10.0, zoom: float = 2.0) -> bytes:
        """The picture, or ``Unavailable`` when waiting and drawing took ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s), self._turn:
                return await _draw(svg, zoom=zoom)
        except TimeoutError:
            raise errors.Unavailable(f"the chart was not drawn within {timeout_s:g} s") from None


async def png(svg: str, *, timeout_s: float = 10.0, zoom: float = 2.0) -> bytes:
    """One picture from SVG text.

    Raises:
        Unavailable: it took longer than ``timeout_s``, or no process could be started.
        Refused: the SVG cannot be drawn; the message is the rasterizer's.

    """
    return await ChartPainter(at_once=1).png(svg, timeout_s=timeout_s, zoom=zoom)


async def _draw(svg: str, *, zoom: float) -> bytes:
    raw = svg.encode(errors="replace")
    if len(raw) > SVG_LIMIT_BYTES:
        raise errors.Refused("the chart is too large to be drawn")
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.adapters.chart_png",
            f"{zoom:g}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
        )
    except OSError as problem:
        raise errors.Unavailable(f"no process for the chart: {problem}") from problem
    try:
        out, trouble = await child.communicate(raw)
    finally:
        await _reap(child)
    if child.returncode != 0 or not out.startswith(PNG_MAGIC):
        last = trouble.decode(errors="replace").strip().splitlines()[-1:] or ["no picture"]
        raise errors.Refused(f"the chart cannot be drawn: {last[0][:200]}")
    return out


def _environment() -> dict[str, str]:
    """What the interpreter needs to find us, and none of our secrets."""
    kept = {key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ}
    places = [str(pathlib.Path(place).resolve()) for place in sys.path]
    return {**kept, "PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"}


async def _reap(child: asyncio.subprocess.Process) -> None:
    """A cancelled or late drawing leaves no process behind."""
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.kill()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REAP_TIMEOUT_S):
            await child.wait()
