"""What the local cluster says when it says no, in the API server's form."""

from typing import Any


class Refusal(Exception):  # noqa: N818 - it is an answer of the protocol
    """An answer that is a Status object."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = details.get("retryAfterSeconds")
        self.body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details,
            "code": code,
        }


def _called(plural: str, group: str) -> str:
    return f"{plural}.{group}" if group else plural


def not_found(plural: str, group: str, name: str) -> Refusal:
    text = f'{_called(plural, group)} "{name}" not found'
    return Refusal(404, "NotFound", text, name=name, group=group, kind=plural)


def exists(plural: str, group: str, name: str) -> Refusal:
    text = f'{_called(plural, group)} "{name}" already exists'
    return Refusal(409, "AlreadyExists", text, name=name, group=group, kind=plural)


def conflict(plural: str, group: str, name: str, why: str = "") -> Refusal:
    because = why or (
        "the object has been modified; please apply your changes to the latest version and "
        "try again"
    )
    text = f'Operation cannot be fulfilled on {_called(plural, group)} "{name}": {because}'
    return Refusal(409, "Conflict", text, name=name, group=group, kind=plural)


def gone(version: str, floor: int) -> Refusal:
    return Refusal(410, "Expired", f"too old resource version: {version} ({floor})")


def invalid(kind: str, group: str, name: str, text: str) -> Refusal:
    called = f"{kind}.{group}" if group else kind
    return Refusal(422, "Invalid", f'{called} "{name}" is invalid: {text}', name=name, kind=kind)


def bad(text: str) -> Refusal:
    return Refusal(400, "BadRequest", text)
