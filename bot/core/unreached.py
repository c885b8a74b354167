"""A server that gave no answer, as measurements' messages name it: its address and why."""

import re
from urllib.parse import urlsplit

_NAMED = re.compile(r"(?P<place>https?://\S+?): (?P<reason>.*)", re.DOTALL)


def parts(message: str) -> tuple[str, str]:
    """The server and the reason; both empty where the message names no address that is silent."""
    match = _NAMED.match(message)
    return (host(match["place"]), match["reason"]) if match else ("", "")


def host(address: str) -> str:
    """Host and port, never a name or a password; empty where it is no address."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2][:120]
    except ValueError:
        return ""


def said(message: str) -> str:
    """The message for people: who does not answer, in place of an address to read."""
    server, reason = parts(message)
    return f"{server} does not answer ({reason})" if server else message
