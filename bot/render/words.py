"""Words and numbers as people read them: escaping, cuts, units, times, durations.

Everything that somebody else wrote (a name, a reason, an error) passes ``plain`` before it
stands in a message. Whole messages do not belong here.
"""

import re
import unicodedata
from datetime import UTC, datetime

from bot.core import moments
from bot.model import messages

THIN = "\u202f"  # narrow and unbreakable: "25 %" never falls apart at a line's end
KEEP = "\u00a0"  # a whole blank between words that stay together
NAME_LIMIT = 80
REASON_LIMIT = 300
MARKUP_PIECE = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|.", re.DOTALL)
DATE = re.compile(r"<!date\^[^<>|]*\|([^<>|]*)>")
PERCENT = re.compile(r"(?<=\d) ?%")
BOUND = re.compile(r"(?<=[≥≤]) (?=[\d-])")  # nor does "≥ 99"
# What a narrow screen must not tear apart: "2 min", "(2 allowed)".
KEPT = re.compile(r"(?<=\d) (?=(?:ms|s|min|h|d)\b(?!/)|allowed\))")
EMOJI_CODE = re.compile(r":(?=[\w+'-]+:)")
UNDERSCORE_AT_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# Look-alikes: Slack has no escape for these marks, and a zero-width one would be copied along.
LOOK_ALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "'"})
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
SPOKEN = (("≥", "at least"), ("≤", "at most"), (">", "above"), ("<", "below"))


def bare(text: str, limit: int = NAME_LIMIT) -> str:
    """One line without anything invisible or direction-changing, cut with an ellipsis."""
    seen = text[: 4 * limit + 100]
    if not seen.isprintable():  # which is false for just what ``_visible`` changes
        seen = "".join(map(_visible, seen))
    line = " ".join(seen.split())
    if len(line) <= limit:
        return line
    return line[: limit - 1].rstrip() + "…"


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Zl", "Zp", "Zs") or char in "\t\n\r\v\f":
        return " "
    return "" if category in ("Cc", "Cf", "Cs", "Co", "Cn") else char


def plain(text: str, limit: int = REASON_LIMIT) -> str:
    """Foreign text, safe in mrkdwn: it can neither mention, link, format nor reorder.

    An instant in it, as ``moments`` writes them, is shown on the reader's own clock.
    """
    parts = moments.parted(bare(text, limit))
    return "".join(moment(one) if isinstance(one, datetime) else _inert(one) for one in parts)


def _inert(text: str) -> str:
    line = PERCENT.sub(THIN + "%", text).translate(LOOK_ALIKES)
    line = BOUND.sub(THIN, line)
    line = UNDERSCORE_AT_EDGE.sub("ˍ", line)
    line = EMOJI_CODE.sub("∶", line)
    if line.startswith(">"):
        line = "›" + line[1:]  # else the line would be a quotation
    return line.translate(ESCAPES)


def name(text: str) -> str:
    return plain(text, NAME_LIMIT)


def header(text: str) -> str:
    """A header with its value, which no line's end tears apart."""
    return name(text).replace(": ", f":{THIN}")


def cut_markup(text: str, limit: int) -> str:
    """Cut finished mrkdwn without tearing a link, a date or an escape apart."""
    if len(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - 1
    for piece in MARKUP_PIECE.findall(text):
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def kept(text: str) -> str:
    """Finished mrkdwn whose numbers stay with their units wherever a line wraps."""
    return KEPT.sub(THIN, text)


def number(value: float) -> str:
    """As many digits as say something: 1,240 · 212 · 99.6 · 0.042."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        return "no number"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1 or value == 0:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2g}"


def percent(value: float) -> str:
    return f"{number(value)}{THIN}%"


def with_unit(value: float, unit: str) -> str:
    if unit == "%":
        return percent(value)
    return f"{number(value)} {name(unit)}".rstrip()


def spoken(bound: str) -> str:
    """A bound for a sentence: "≥ 99 %" is read as "at least 99 %"."""
    text = bound.strip()
    for sign, word in SPOKEN:
        if text.startswith(sign) and not text.startswith(sign + "="):
            return plain(f"{word} {text[len(sign) :].strip()}", NAME_LIMIT)
    return plain(text, NAME_LIMIT)


def duration(seconds: float) -> str:
    """0.4 s · 30 s · 2 min · 1 h 5 min · 3 d."""
    if not 0 <= seconds < 1e9:
        return "some time"
    if seconds < 9.95:
        return f"{number(round(seconds, 1))} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(hours / 24)} d"


def at(when: datetime, style: str = "{time}") -> str:
    """The time as the reader's own clock shows it; in UTC where a client cannot."""
    moment = when.astimezone(UTC)
    fallback = moment.strftime("%H:%M:%S" if "secs" in style else "%H:%M")
    return f"<!date^{int(moment.timestamp())}^{style}|{fallback} UTC>"


def exactly(when: datetime) -> str:
    return at(when, "{time_secs}")


def by_day(when: datetime) -> str:
    return at(when, "{date_short_pretty} {time}")


def moment(when: datetime) -> str:
    """The same of any day, as it stood in a sentence: whole where a client cannot show it."""
    style, said = ("{time_secs}", moments.exactly) if when.second else ("{time}", moments.utc)
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {style}|{said(when)}>"


def link(url: str, words: str) -> str:
    """``words`` (finished mrkdwn) as a link; the bare words if the address is not one."""
    if not is_link(url):
        return words
    label = DATE.sub(r"\1", words)  # none may stand within a link
    return f"<{url.replace('&', '&amp;')}|{label.replace('|', '¦')}>"


def is_link(url: str) -> bool:
    return len(url) <= 1_000 and re.fullmatch(r"https?://[^\s<>|\"]+", url) is not None


def revision(label: messages.RevisionLabel | None, other: str = "the stable revision") -> str:
    return other if label is None else f"v{label.number}"


def who(rollout: messages.RolloutId, label: messages.RevisionLabel | None) -> str:
    """What is meant, as every first line begins: "checkout v42"."""
    return f"{name(rollout.name)} {revision(label)}" if label else name(rollout.name)


def person(someone: messages.Person | None) -> str:
    """By name, which calls nobody; by mention only where no name is known."""
    if someone is None:
        return "somebody"
    if someone.user:
        return f"{name(someone.name) or 'somebody'} with the terminal"
    return name(someone.name) or mention(someone)


def mention(someone: messages.Person) -> str:
    """Calls them: only where they must act, or in an edit, which calls nobody."""
    if re.fullmatch(r"[UW][A-Z0-9]{2,20}", someone.slack_id):
        return f"<@{someone.slack_id}>"
    return person(someone) if someone.user else name(someone.name) or "somebody"


def count(amount: int, one: str, many: str) -> str:
    return f"{amount:,} {one if amount == 1 else many}"


def joined(parts: list[str], separator: str = " · ") -> str:
    return separator.join(part for part in parts if part)


def quoted(text: str) -> str:
    return f'"{plain(text, 120)}"' if text.strip() else ""


def source(change: messages.ChangeFact) -> str:
    """The commit, its title, and who wrote it where that is not who shipped it."""
    commit = link(change.commit_url, name(change.commit)) if change.commit else ""
    said = joined([commit, quoted(change.subject)], " ")
    other = change.by is None or change.author != change.by.name
    author = f"by {name(change.author)}" if change.author and other else ""
    return joined([said, author], " ") if said else author


def ordinal(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return f"{value}th"
    return f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th') }"


def image(reference: str) -> str:
    """An image without its registry: people know it by its last part and tag."""
    tail = reference.rsplit("/", 1)[-1]
    before, at_sign, digest = tail.partition("@sha256:")
    return plain(f"{before}@{digest[:7]}" if at_sign else tail, 60)


def image_changes(
    before: messages.RevisionLabel | None, after: messages.RevisionLabel
) -> list[str]:
    """For every image that is not the same: "image checkout:v41 → v42"."""
    if before is None:
        return []
    old = {item.rsplit("/", 1)[-1].partition(":")[0]: item for item in before.images}
    changes = []
    for new in after.images:
        if new in before.images:
            continue
        repository, _, tag = new.rsplit("/", 1)[-1].partition(":")
        if repository in old and tag:
            changes.append(f"image {image(old[repository])} → {plain(tag, 40)}")
        else:
            changes.append(f"image {image(new)}")
    return changes
