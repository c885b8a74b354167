"""How the stand-in says no: Slack's error codes. No HTTP here."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """A request Slack would answer with `ok: false`.

    `code` is Slack's word, `messages` are the sentences of `response_metadata.messages`.
    """

    def __init__(self, code: str, *messages: str) -> None:
        super().__init__(code, *messages)
        self.code = code
        self.messages = messages

    def answer(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error": self.code}
        if self.messages:
            body["response_metadata"] = {"messages": list(self.messages)}
        return body
