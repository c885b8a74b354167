"""Whether a request comes from Slack: its signature and its age. No I/O, no clock of its own.

Slack signs ``v0:TIMESTAMP:BODY`` with the app's signing secret. During a rotation two secrets
are good. Bolt's own check takes one, and falls over a timestamp that is no number.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

WINDOW_S = 300
"""Older or newer than this is a replay, or a clock that is wrong."""
TIMESTAMP = "X-Slack-Request-Timestamp"
SIGNATURE = "X-Slack-Signature"
_DIGITS = 12
_VERSION = "v0"


def signature(secret: str, *, timestamp: str, body: bytes) -> str:
    """What Slack would have sent as ``X-Slack-Signature``."""
    base = f"{_VERSION}:{timestamp}:".encode() + body
    return f"{_VERSION}={hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()}"


def stale(headers: Mapping[str, str], *, now: float) -> str:
    """Why the headers alone rule a request out, in words for the log; empty where they do not.

    Asked before the body is read: who cannot sign should not cost more than that.
    """
    if not headers.get(SIGNATURE):
        return "it is not signed"
    told = headers.get(TIMESTAMP, "")
    # A number of another alphabet is a decimal for Python; Slack writes plain digits.
    if not (told.isascii() and told.isdecimal() and len(told) <= _DIGITS):
        return "its timestamp is no number"
    if (off := now - int(told)) > WINDOW_S:
        return f"it is {off:.0f} s old: replayed, or the clock here is fast"
    if off < -WINDOW_S:
        return f"it is {-off:.0f} s from the future: the clock here is slow"
    return ""


def forged(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: float) -> str:
    """Why a request is not Slack's, in words for the log; empty where it is."""
    if problem := stale(headers, now=now):
        return problem
    told = headers[SIGNATURE].encode()
    # Every secret is tried, and each in constant time.
    good = [
        hmac.compare_digest(signature(one, timestamp=headers[TIMESTAMP], body=body).encode(), told)
        for one in secrets
        if one
    ]
    return "" if any(good) else "its signature is of another secret"
