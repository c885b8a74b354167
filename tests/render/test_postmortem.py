"""The post-mortem as a file: nothing that somebody wrote can format, link or end a table."""

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import facts
from bot.model import postmortem as model
from bot.render import postmortem
from tests.render import nasty

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
foreign = st.sampled_from(nasty.NASTY) | st.text(max_size=40)


def bundle(text):
    label = facts.RevisionLabel(number=2, hash=text, images=(text,))
    return model.Bundle(
        rollout=facts.RolloutId(cluster=text, namespace=text, name=text, uid="u"),
        revision=label,
        stable=label,
        cause=text,
        by=facts.Person(name=text),
        change=facts.ChangeFact(by=facts.Person(name=text), commit=text, subject=text),
        weight_from=25,
        shipped_at=START,
        bad_since=None,
        decided_at=START,
        zero_at=START,
        timeline=(model.Line(at=START, what=text, why=text),),
        evidence=(
            model.Evidence(
                run=text,
                name=text,
                phase=text,
                source=text,
                query=text,
                bound=text,
                condition=text,
                failed=1,
                failure_limit=None,
                measurements=(model.Taken(at=None, value=text, phase=text, message=text),),
            ),
        ),
        events=(model.PodEvent(at=START, about=text, reason=text, message=text),),
        actors=(text,),
    )


def outside_of_code(text):
    """The lines that Markdown reads, and whether every block of code has ended."""
    lines, fence = [], ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif match := re.fullmatch(r"`{3,}", line):
            fence = match[0]
        else:
            lines.append(line)
    return lines, not fence


@settings(max_examples=300, deadline=None)
@given(text=foreign)
def test_no_text_of_others_is_markup(text):
    lines, ended = outside_of_code(postmortem.markdown(bundle(text)))
    assert ended
    known = outside_of_code(postmortem.markdown(bundle("x")))[0]
    shape = [line.split(" ")[0] for line in known]
    assert [line.split(" ")[0] for line in lines][: len(shape)] == shape or not text.strip()
    for line in lines:
        assert "<" not in line
        assert not re.search(r"(?<!\\)[`*\[\]]", line)
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 5, 6)


def test_file_has_a_safe_name():
    assert re.fullmatch(r"[a-z0-9-]+\.md", postmortem.filename(bundle("../../Ä b<script>")))


def test_dash_is_plain_within_a_line_and_begins_no_list():
    assert postmortem._text("success-rate of 2026-11-23") == "success-rate of 2026-11-23"
    assert postmortem._text("- item") == "\\- item"
