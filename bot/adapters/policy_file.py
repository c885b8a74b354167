"""The policy file on disk: its raw content each time it has changed, never more than asked for.

A ConfigMap mount changes by swapping a symbolic link, which no directory watch sees reliably:
what the path leads to is looked at (stat), and read only when that is another file.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import yaml

from bot.model import errors

LOOK_TIMEOUT_S = 5.0
BYTES_LIMIT = 1_048_576
"""What a ConfigMap can hold."""

_Mark = tuple[int, int, int, int]


class PolicyFile:
    """One file. ``look`` never waits longer than ``LOOK_TIMEOUT_S`` and is never run twice."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._mark: _Mark | None = None
        self._looking: asyncio.Future[tuple[_Mark, str | None]] | None = None

    async def look(self) -> tuple[bool, Any]:
        """Whether the file is another than at the last look, and its raw content if so.

        Raises:
            errors.UserError: it cannot be read, or is no YAML; said again at the next look only
                where the file has changed.
            errors.Unavailable: the disk does not answer.

        """
        try:
            mark, text = await self._bounded()
        except OSError as problem:
            self._mark = None
            raise errors.UserError(
                f"the policy file {self.path} cannot be read: {problem.strerror}"
            ) from None
        if text is None:
            return False, None
        self._mark = mark
        return True, self._parsed(text)

    async def _bounded(self) -> tuple[_Mark, str | None]:
        """A disk that hangs holds one thread, not one more at each look."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(asyncio.to_thread(self._read, self._mark))
        done, _ = await asyncio.wait({self._looking}, timeout=LOOK_TIMEOUT_S)
        if not done:
            raise errors.Unavailable(f"the disk of {self.path} does not answer")
        return self._looking.result()

    def _read(self, known: _Mark | None) -> tuple[_Mark, str | None]:
        found = os.stat(self.path)  # noqa: PTH116 - one call for all four
        mark = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
        if mark == known:
            return mark, None
        with Path(self.path).open("rb") as file:
            return mark, file.read(BYTES_LIMIT + 1).decode("utf-8", "replace")

    def _parsed(self, text: str) -> Any:
        if len(text) > BYTES_LIMIT:
            raise errors.UserError(f"the policy file {self.path} is larger than 1 MiB")
        return parsed(text, self.path)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice: the reader of the file would see one, we another."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, str) and key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is there twice", key_node.start_mark
            )
        if isinstance(key, str):
            seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parsed(text: str, path: str) -> Any:
    """The raw content of a policy file.

    Raises:
        errors.UserError: it is no YAML; the text names the line.

    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        said = " ".join(str(problem).split())[:300]
        raise errors.UserError(f"the policy file {path} is no YAML: {said}") from None
