"""The command line of the demo as one value. What the options do is elsewhere."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

STORIES = ("good", "bad", "ecommerce", "bluegreen")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``error_rate`` None leaves the image's own; ``kubeconfig`` None makes a local cluster."""

    story: str
    once: bool
    error_rate: float | None
    kubeconfig: Path | None
    ready_file: Path | None
    out: Path | None
    port: int
    timeout_s: float


def parse(arguments: Sequence[str]) -> Options:
    """Exits with 2 and a sentence where the arguments make no sense."""
    parser = argparse.ArgumentParser(prog="dev.py demo", description="The bot on a local stage.")
    parser.add_argument("--story", choices=STORIES, default="")
    parser.add_argument("--once", action="store_true", help="play the story and leave")
    parser.add_argument("--error-rate", type=_share, help="0 to 1: of the shipped version")
    parser.add_argument("--kubeconfig", type=Path, help="use this API server")
    parser.add_argument("--ready-file", type=Path, help="write where everything is, as JSON")
    parser.add_argument("--out", type=Path, help="folder for what was seen")
    parser.add_argument("--port", type=int, default=0, help="of the page; 0: any free one")
    parser.add_argument(
        "--timeout",
        dest="timeout_s",
        type=float,
        default=180.0,
        help="seconds for each version that is shipped",
    )
    options = Options(**vars(parser.parse_args(arguments)))
    if options.once and not options.story:
        parser.error(f"--once needs a --story: {', '.join(STORIES)}")
    if options.kubeconfig and not options.kubeconfig.is_file():
        parser.error(f"there is no file {options.kubeconfig}")
    return options


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value
