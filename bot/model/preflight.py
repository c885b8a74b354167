"""What a look at a cluster found before anything runs: one judgment an object."""

from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """How an object would fare under rollout-bot, compared with Argo Rollouts."""

    AS_BEFORE = "runs as before"
    DIFFERS = "runs, differs here"
    NOT_BUILT = "not built"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One remark: which field, and what about it."""

    path: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """One object and everything found about it."""

    kind: str
    namespace: str
    name: str
    word: Word
    findings: tuple[Finding, ...] = ()
