"""A session of requests that keeps what a Prometheus warned of: the client library drops it."""

from typing import Any

import requests

_MOST = 1000


class Session(requests.Session):
    """``warned`` is about the last answer, as Argo writes it: each warning quoted, by commas."""

    warned: str = ""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        self.warned = ""
        answer = super().request(*args, **kwargs)
        if b'"warnings"' in answer.content:
            self.warned = _warnings(answer)
        return answer


def _warnings(answer: requests.Response) -> str:
    try:
        found = answer.json().get("warnings")
    except (ValueError, AttributeError):
        return ""
    told = found if isinstance(found, list) else []
    return ", ".join(f'"{one}"' for one in told)[:_MOST]
