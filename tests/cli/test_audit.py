"""``rollout-bot audit``: what a changed row comes to, and what is exported."""

import asyncio
import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from bot import __main__ as program
from bot.adapters import history
from bot.cli import auditing
from bot.model import errors, records

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def invoke(*words, **environment):
    clean = {"ROLLOUT_BOT_HISTORY": None, "ROLLOUT_BOT_CONFIG": None, **environment}
    return CliRunner().invoke(program.main, list(words), env=clean)


def record_of(number):
    return records.Record(
        id=f"id-{number}",
        kind=records.Kind.APPROVED,
        at=START + timedelta(minutes=number),
        cluster="prod-eu",
        namespace="shop",
        rollout="checkout",
        actor="=cmd|x",
        reason="fine, \"thanks\"\nsam",
    )


@pytest.fixture
def path(tmp_path):
    """A history of four rows."""
    where = tmp_path / "history.db"

    async def fill():
        store = history.SqlHistory(str(where))
        await store.append(
            [
                record_of(n)
                for n in range(1, 5)
            ],
            at=START,
        )
        await store.close()

    asyncio.run(fill())
    return where


def tamper(path, statement):
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_verify_is_content_with_what_was_written(path):
    done = invoke("audit", "verify", "--history", str(path))
    assert (done.exit_code, done.output[:19]) == (0, "intact: 4 entries, ")
    head = done.output.split()[-1]
    assert invoke("audit", "verify", "--history", str(path), "--head", head).exit_code == 0
    forged = invoke("audit", "verify", "--history", str(path), "--head", "3:" + "0" * 64)
    assert (forged.exit_code, "made anew" in forged.output) == (1, True)


@pytest.mark.parametrize(
    "head", ["3:abc", "3", ":" + "0" * 64, "x:" + "0" * 64, "²:" + "0" * 64, "3:" + "0" * 65]
)
def test_head_that_verify_never_printed_is_wrong_usage_and_no_forgery(path, head):
    done = invoke("audit", "verify", "--history", str(path), "--head", head)
    assert (done.exit_code, "is not SEQ:DIGEST, as verify prints it" in done.output) == (2, True)


def test_freeze_is_listed_as_of_the_cluster_and_not_as_a_rollout_of_its_name():
    frozen = records.Record(
        id="f", kind=records.Kind.FROZEN, at=START, cluster="prod-eu", namespace="shop",
        actor="sam", way=records.Way.SLACK, reason="shop/* (freeze f1)",
    )  # fmt: skip
    entry = records.Entry(seq=1, written_at=START, previous="", digest="", record=frozen)
    assert auditing.lines([entry]).startswith("2026-11-23 12:00:00Z · prod-eu frozen by sam · ")


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("UPDATE rollout_records SET actor = 'lee' WHERE seq = 2", "id-2"),
        ("UPDATE rollout_records SET about = 'id-1' WHERE seq = 2", "id-2"),
        ("UPDATE rollout_records SET at = 'yesterday' WHERE seq = 3", "id-3"),
        ("UPDATE rollout_records SET after_weight = 'x' WHERE seq = 3", "id-3"),
        ("UPDATE rollout_records SET kind = 'other' WHERE seq = 4", "id-4"),
        ("DELETE FROM rollout_records WHERE seq = 1", "id-2"),
        ("DELETE FROM rollout_records WHERE seq = 3", "id-4"),
        ("UPDATE rollout_records SET seq = 9 WHERE seq = 2", "id-3"),
        ("DELETE FROM rollout_records WHERE seq = 4", "entry 4, the end of the chain"),
        ("DELETE FROM rollout_records", "entry 1, the end of the chain"),
    ],
)
def test_verify_names_the_first_row_that_was_touched(path, statement, bad):
    tamper(path, statement)
    done = invoke("audit", "verify", "--history", str(path))
    assert done.exit_code == 1
    assert bad in done.output


def test_verify_says_where_there_is_nothing_to_read(path, tmp_path):
    nowhere = tmp_path / "other.db"
    done = invoke("audit", "verify", "--history", str(nowhere))
    assert (done.exit_code, nowhere.exists()) == (2, False)
    assert "there is no history" in done.output
    assert invoke("audit", "verify").exit_code == 2
    away = "postgresql://u:hidden-word@127.0.0.1:1/h"
    done = invoke("audit", "verify", ROLLOUT_BOT_HISTORY=away)
    assert done.exit_code == 2
    assert "hidden-word" not in done.output
    tamper(path, "DROP TABLE rollout_records_head")
    assert invoke("audit", "verify", "--history", str(path)).exit_code == 2


def test_export_gives_every_row_with_its_link(path):
    done = invoke("audit", "export", "--history", str(path))
    rows = [json.loads(line) for line in done.output.splitlines()]
    assert [row["seq"] for row in rows] == [1, 2, 3, 4]
    assert rows[1]["previous"] == rows[0]["digest"]
    assert rows[0]["reason"] == 'fine, "thanks"\nsam'


def test_export_for_a_spreadsheet_holds_no_formula(path):
    done = invoke("audit", "export", "--format", "csv", "--history", str(path))
    rows = list(csv.DictReader(io.StringIO(done.stdout_bytes.decode(), newline="")))
    assert len(rows) == 4
    assert {row["actor"] for row in rows} == {"'=cmd|x"}
    assert rows[3]["reason"] == 'fine, "thanks"\nsam'


def test_history_and_audit_list_what_was_recorded(path, monkeypatch):
    for command in (["history"], ["history", "shop/checkout"], ["audit", "checkout"], ["audit", "show"]):
        done = invoke(*command, "--since", "2000w", "--history", str(path))
        assert done.exit_code == 0, done.output
        assert "2026-11-23 12:04:00Z · shop/checkout approved by =cmd|x" in done.output
        assert done.output.count("\n") == 4
    done = invoke("audit", "checkout", "--json", "--since", "2000w", "--history", str(path))
    assert [json.loads(line)["id"] for line in done.output.splitlines()][0] == "id-4"
    done = invoke("history", "cart", "--history", str(path))
    assert (done.exit_code, done.stdout) == (0, "")
    for since, said in (("soon", "is no span"), ("0d", "spans no time")):
        done = invoke("history", "--since", since, "--history", str(path))
        assert done.exit_code == 2 and f"'{since}' {said}: say 90m, 12h, 30d or 4w" in done.output


def test_reason_that_was_given_later_stands_at_its_decision_and_is_exported_with_it(tmp_path):
    where, now = tmp_path / "history.db", datetime.now(UTC)

    def one(kind, minutes, **more):
        at = now - timedelta(minutes=minutes)
        return records.Record(kind=kind, at=at, cluster="prod-eu", rollout="checkout", actor="sam",
                              way=records.Way.SLACK, **more)  # fmt: skip

    async def fill():
        store = history.SqlHistory(str(where))
        abort = one(records.Kind.ABORTED, 9, id="a")
        said = one(records.Kind.EXPLAINED, 5, id="b", about="a", reason="blank page")
        await store.append([abort, said], at=now)
        await store.close()

    asyncio.run(fill())
    kept = ("--history", str(where))
    assert invoke("audit", "verify", *kept).exit_code == 0
    said, abort = invoke("audit", "checkout", *kept).output.splitlines()
    assert "reason given by sam · blank page" in said
    assert "aborted by sam · blank page (said afterwards)" in abort
    (only,) = invoke("history", "checkout", *kept).output.splitlines()
    assert only == abort
    rows = [json.loads(line) for line in invoke("audit", "export", *kept).output.splitlines()]
    assert [row.get("about", "") for row in rows] == ["", "a"]
    table = csv.DictReader(io.StringIO(invoke("audit", "export", "--format", "csv", *kept).output))
    assert [row["about"] for row in table] == ["", "a"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: file.write_text("no database, whatever its name says" * 9),
         "is no SQLite database"),
        (lambda file: file.mkdir(), "cannot be opened: its folder must be there, for me to write"),
    ],
    ids=["a text", "a folder"],
)  # fmt: skip
@pytest.mark.parametrize("words", [["audit", "verify"], ["audit", "export"], ["history"]])
def test_file_that_is_no_history_is_said_to_be_none(tmp_path, make, said, words):
    make(file := tmp_path / "history.db")
    done = invoke(*words, "--history", str(file))
    assert (done.exit_code, done.output) == (2, f"error: the history (the file {file}) {said}\n")


def test_history_whose_folder_is_missing_says_what_it_needs(tmp_path):
    async def written():
        store = history.SqlHistory(str(tmp_path / "none" / "history.db"))
        try:
            await store.append([record_of(1)], at=START)
        finally:
            await store.close()

    with pytest.raises(errors.Unavailable, match="its folder must be there, for me to write"):
        asyncio.run(written())


@pytest.mark.parametrize(
    ("words", "near"),
    [(["audit", "veryfy"], "verify"), (["audit", "exprot"], "export"), (["history", "export"], "export")],
)
def test_word_that_is_nearly_a_command_is_no_name_of_which_all_is_well(path, words, near):
    done = invoke(*words, "--history", str(path))
    assert done.exit_code == 2
    assert f"nothing is recorded of {words[1]}: did you mean rollout-bot audit {near}?" in done.output


def test_name_that_can_be_none_is_refused(path):
    for name in ("shop/", "/checkout"):
        done = invoke("history", name, "--since", "2000w", "--history", str(path))
        assert done.exit_code == 2 and "say NAME or NAMESPACE/NAME" in done.output
    assert invoke("history", "shop/checkout", "--history", str(path)).exit_code == 0
