"""The measuring tools of the limits: texts, lists, keys and addresses. No block is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

URL_CHARACTERS = 3_000


class Checker:
    """Collects what is wrong, each with a pointer into the JSON."""

    def __init__(self, *, is_file_ready: Callable[[str], bool]) -> None:
        self.problems: list[str] = []
        self.is_file_ready = is_file_ready

    def say(self, sentence: str, at: str) -> None:
        self.problems.append(f"[ERROR] {sentence} [json-pointer:{at}]")

    def only(self, holder: Mapping[str, Any], allowed: frozenset[str], at: str) -> None:
        for key in sorted(set(holder) - allowed):
            self.say(f"invalid additional property: {key}", at)

    def string(
        self,
        holder: Mapping[str, Any],
        key: str,
        at: str,
        limit: int,
        *,
        required: bool = True,
        minimum: int = 1,
    ) -> None:
        """Demand a string of `minimum` to `limit` characters."""
        if key not in holder:
            if required:
                self.say(f"missing required field: {key}", at)
            return
        value = holder[key]
        if not isinstance(value, str):
            self.say("must be a string", f"{at}/{key}")
        elif len(value) > limit:
            self.say(f"must be less than {limit + 1} characters", f"{at}/{key}")
        elif len(value) < minimum:
            self.say(f"must be more than {minimum - 1} characters", f"{at}/{key}")

    def text(
        self,
        holder: Mapping[str, Any],
        key: str,
        at: str,
        limit: int,
        *,
        plain: bool = False,
        required: bool = True,
    ) -> None:
        """Demand a text object of at most `limit` characters."""
        if key in holder:
            self.text_object(holder[key], f"{at}/{key}", limit, plain=plain)
        elif required:
            self.say(f"missing required field: {key}", at)

    def text_object(self, value: Any, at: str, limit: int, *, plain: bool = False) -> None:
        if not isinstance(value, dict):
            self.say("must be an object", at)
            return
        kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
        if str(value.get("type")) not in kinds:
            self.say(f"must be one of: {', '.join(sorted(kinds))}", f"{at}/type")
        extra = "emoji" if value.get("type") == "plain_text" else "verbatim"
        self.only(value, frozenset({"type", "text", extra}), at)
        self.string(value, "text", at, limit)

    def listed(self, holder: Mapping[str, Any], key: str, at: str, limit: int) -> list[Any]:
        """Demand a list of 1 to `limit` items and return what can be looked into."""
        value = holder.get(key)
        if not isinstance(value, list):
            self.say(f"missing required field: {key}", at)
            return []
        if not value:
            self.say("must have at least 1 item", f"{at}/{key}")
        if len(value) > limit:
            self.say(f"no more than {limit} items allowed", f"{at}/{key}")
        return value

    def url(self, holder: Mapping[str, Any], key: str, at: str) -> None:
        self.string(holder, key, at, URL_CHARACTERS)
        value = holder.get(key)
        if isinstance(value, str) and not value.startswith(("http://", "https://")):
            self.say("must be a valid URL", f"{at}/{key}")
