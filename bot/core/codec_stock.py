"""``status.rolloutBot.stock`` ↔ typed. Unknown keys are kept; what is malformed is absent."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.core import codec_instant
from bot.model import stock

_KNOWN = frozenset({*stock.SORTS, "course", "earlier"})
_HOW_LIMIT = 120


def decode(raw: Any) -> stock.Stock:
    """What other tools wrote, as it is kept."""
    got = raw if isinstance(raw, Mapping) else {}
    return stock.Stock(
        **{name: _write(got.get(name)) for name in stock.SORTS},
        course=_course(got.get("course")),
        earlier=tuple(_earlier(got.get("earlier"))),
        extra={key: value for key, value in got.items() if key not in _KNOWN},
    )


def encode(value: stock.Stock) -> dict[str, Any]:
    """The raw map, empty where there is nothing to keep."""
    out = dict(value.extra)
    for name in stock.SORTS:
        if (one := getattr(value, name)) is not None:
            out[name] = _encode_write(one)
    if value.course is not None:
        out["course"] = {"revision": value.course.revision, "step": value.course.step}
    if value.earlier:
        last = value.earlier[-stock.EARLIER_KEPT :]
        out["earlier"] = [{"sort": sort, **_encode_write(one)} for sort, one in last]
    return out


def _earlier(raw: Any) -> Iterator[tuple[str, stock.Write]]:
    for one in (raw if isinstance(raw, list) else [])[-stock.EARLIER_KEPT :]:
        found = _write(one)
        if found is not None and one.get("sort") in stock.SORTS:
            yield one["sort"], found


def _write(raw: Any) -> stock.Write | None:
    got = raw if isinstance(raw, Mapping) else {}
    at = codec_instant.read(got.get("at"))
    if at is None:
        return None
    return stock.Write(
        at=at,
        how=_text(got.get("how"))[:_HOW_LIMIT],
        revision=_text(got.get("revision")),
        start=_number(got.get("start")),
        to=_number(got.get("to")),
    )


def _encode_write(value: stock.Write) -> dict[str, Any]:
    out = {
        "at": value.at.isoformat(),
        "how": value.how,
        "revision": value.revision,
        "start": value.start,
        "to": value.to,
    }
    return {key: found for key, found in out.items() if found not in (None, "")}


def _course(raw: Any) -> stock.Course | None:
    got = raw if isinstance(raw, Mapping) else {}
    revision, step = _text(got.get("revision")), _number(got.get("step"))
    return None if not revision or step is None else stock.Course(revision=revision, step=step)


def _number(raw: Any) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None


def _text(raw: Any) -> str:
    return raw if isinstance(raw, str) else ""
