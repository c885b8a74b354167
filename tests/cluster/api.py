"""A small blocking client of an API server for set-up work and for assertions in tests.

Standard library only. The bot has its own client; nothing of the bot is used here.
"""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Refused(Exception):
    """The API server answered with something else than success."""

    def __init__(self, *, status: int, text: str) -> None:
        super().__init__(f"{status} {text[:600]}")
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """``server`` is a URL, ``authority`` the PEM file that signed its certificate."""

    server: str
    token: str
    authority: str | None
    timeout_s: float = 30.0

    def call(
        self, method: str, path: str, body: Any = None, *, content: str = "application/json"
    ) -> Object:
        """The decoded answer; raises ``Refused``."""
        text = self.text(method, path, body, content=content)
        return json.loads(text) if text.startswith("{") else {}

    def text(
        self, method: str, path: str, body: Any = None, *, content: str = "application/json"
    ) -> str:
        """The answer as it came, for paths such as /readyz; raises ``Refused``."""
        request = urllib.request.Request(
            self.server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": content,
                "User-Agent": "rollout-bot-tests",
            },
        )
        try:
            with urllib.request.urlopen(
                request, timeout=self.timeout_s, context=self._tls()
            ) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(status=error.code, text=error.read().decode()) from error

    def apply(self, path: str, body: Object) -> Object:
        """Server-side apply: creates or changes."""
        where = f"{path}/{body['metadata']['name']}?fieldManager=tests&force=true"
        return self.call("PATCH", where, body, content=APPLY)

    def merge(self, path: str, body: Object) -> Object:
        return self.call("PATCH", path, body, content=MERGE)

    def _tls(self) -> ssl.SSLContext | None:
        if not self.server.startswith("https"):
            return None
        return ssl.create_default_context(cafile=self.authority)
