"""The table that says how an image behaves, by its tag. The demo prints it: nothing is hidden."""

import dataclasses
import fnmatch


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """``conversion`` is the share of answered views that end in a purchase.

    ``waiting`` is the reason for which the container never starts; None if it does.
    """

    errors: float = 0.001
    latency_ms: float = 20.0
    # More than real shops have: some seconds of a small canary must tell few sales from bad luck.
    conversion: float = 0.4
    waiting: str | None = None
    follows_error_rate: bool = False
    about: str = ""


TABLE: dict[str, Behavior] = {
    "good-1": Behavior(about="what runs at the start; --error-rate leaves it alone"),
    "good-*": Behavior(follows_error_rate=True, about="a good version"),
    "bad-*": Behavior(errors=0.3, follows_error_rate=True, about="fails many requests"),
    "slow-*": Behavior(latency_ms=900.0, about="answers well, but late"),
    "unsold-*": Behavior(conversion=0.01, about="answers well and soon, but hardly anybody buys"),
    "crash-*": Behavior(waiting="CrashLoopBackOff", about="starts, ends, never gets ready"),
    "does-not-exist*": Behavior(waiting="ErrImagePull", about="an image that is not there"),
}
"""First match wins; a tag that matches nothing behaves as the default values say."""


def tag(image: str) -> str:
    """The part after the colon of the last path segment; ``latest`` without one."""
    name = image.split("@", 1)[0].rsplit("/", 1)[-1]
    return name.partition(":")[2] or "latest"


def of(image: str, *, error_rate: float | None = None) -> Behavior:
    """How pods of this image behave, ``error_rate`` given where the table lets it."""
    name = tag(image)
    if "does-not-exist" in image:
        name = "does-not-exist"
    for pattern, behavior in TABLE.items():
        if fnmatch.fnmatchcase(name, pattern):
            if behavior.follows_error_rate and error_rate is not None:
                return dataclasses.replace(behavior, errors=error_rate)
            return behavior
    return Behavior()


def lines(*, error_rate: float | None = None) -> list[str]:
    """The table as text, one line an image pattern."""
    return [
        f"{pattern:<16} {_words(of('x:' + pattern, error_rate=error_rate)):<37} {row.about}"
        for pattern, row in TABLE.items()
    ]


def _words(behavior: Behavior) -> str:
    if behavior.waiting:
        return f"never ready: {behavior.waiting}"
    sold = f"{behavior.conversion:.0%} buy"
    return f"{behavior.errors:.1%} errors, {behavior.latency_ms:.0f} ms, {sold}"
