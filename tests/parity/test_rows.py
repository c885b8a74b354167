"""The table names what exists, and somebody who asks for rows gets those."""

import pytest

from tests.conformance import compare, play
from tests.parity import marked, played, rows

LAST = 132
TABLE = rows.load()
OURS = {one["id"] for one in play.scenarios(rows.HERE / "scenarios.yaml")}


def markers():
    """Each test file with the rows that its tests carry."""
    for path in sorted((marked.ROOT / "tests").rglob("test_*.py")):
        if path.parent != rows.HERE and (found := set(marked.named(path.read_text()))):
            yield path, found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("4", [4]),
        ("9-13", [9, 10, 11, 12, 13]),
        ("1,4,9-11", [1, 4, 9, 10, 11]),
        (" 12 , 3 - 4 ", [3, 4, 12]),
        ("5,5,4-6", [4, 5, 6]),
    ],
)
def test_person_gets_the_rows_that_are_named(text, wanted):
    assert rows.parse(text, TABLE) == wanted


@pytest.mark.parametrize("text", ["", "x", "4-", "-4", "4-x", "9-4", "0", "133", "130-140", "1;2"])
def test_person_is_told_when_there_is_no_such_row(text):
    with pytest.raises(rows.Unknown):
        rows.parse(text, TABLE)


def test_table_has_every_row_once():
    assert list(TABLE) == list(range(1, LAST + 1))
    assert len({row.feature for row in TABLE.values()}) == LAST


@pytest.mark.parametrize(
    "text",
    [
        "[{row: 1, feature: a}, {row: 1, feature: b}]",
        "[{row: 1, feature: a, scenario: [b]}]",
    ],
    ids=["twice", "unknown-key"],
)
def test_table_is_refused_when_it_is_wrong(tmp_path, text):
    file = tmp_path / "rows.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match="row 1|has row"):
        rows.load(file)


def test_every_scenario_of_the_table_exists_and_can_be_judged():
    named = {name for row in TABLE.values() for name in row.scenarios}
    assert named <= set(played.known())
    assert all((compare.RECORDED / f"{name}.json").exists() for name in named - OURS)
    assert OURS <= named, "a scenario of ours that no row names is never played"
    assert not OURS & {one["id"] for one in play.scenarios()}


def test_every_scenario_of_ours_ends_by_looking_or_waiting():
    for one in play.scenarios(rows.HERE / "scenarios.yaml"):
        last = one["act"][-1]
        assert isinstance(last, dict), one["id"]
        assert set(last) <= {"wait", "look"}, one["id"]


def test_every_marker_names_rows_of_the_table():
    assert {number for _, found in markers() for number in found} <= set(TABLE)


def test_every_marker_is_found_by_reading_the_files():
    for path, _ in markers():
        text = path.read_text()
        assert text.count("mark.row(") == len(marked.MARK.findall(text)), path


def test_nothing_checks_a_row_that_is_not_built():
    carried = {number for _, found in markers() for number in found}
    for row in TABLE.values():
        checked = row.number in carried or bool(row.scenarios)
        assert checked != bool(row.not_built), f"row {row.number}"
