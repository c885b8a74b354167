import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.kubernetes import mirror, watching
from tests.adapters.kubernetes.scripted import thing

KEY = ("shop", "a")


def version(obj):
    return obj and int(obj["metadata"]["resourceVersion"])


class Heard:
    def __init__(self) -> None:
        self.mirror = mirror.Mirror()
        self.told: list[tuple[int | None, int | None]] = []
        self.mirror.listeners.append(
            lambda old, new: self.told.append((version(old), version(new)))
        )

    def event(self, kind: str, obj) -> None:
        self.mirror.apply(watching.Change(type=watching.ChangeType(kind), obj=obj))

    def list(self, *items, at: int, rewound: bool = False) -> None:
        self.mirror.replace(items, version=at, rewound=rewound)

    @property
    def here(self):
        return version(self.mirror.store.get(KEY))


@pytest.fixture
def heard() -> Heard:
    made = Heard()
    made.event("ADDED", thing("a", 5))
    made.told.clear()
    return made


def test_mirror_tells_of_a_foreign_change_when_our_write_lies_on_top_of_it(heard):
    heard.mirror.observe(thing("a", 7))
    heard.event("MODIFIED", thing("a", 6))
    assert heard.here == 7
    assert heard.told == [(5, 7)]
    heard.event("MODIFIED", thing("a", 7))
    assert heard.told == [(5, 7)]


def test_mirror_is_silent_when_two_writes_of_ours_echo(heard):
    heard.mirror.observe(thing("a", 6))
    heard.mirror.observe(thing("a", 7))
    heard.event("MODIFIED", thing("a", 6))
    heard.event("MODIFIED", thing("a", 7))
    assert heard.told == []
    heard.event("MODIFIED", thing("a", 8))
    assert heard.told == [(7, 8)]


def test_mirror_ignores_a_late_answer_when_the_object_is_gone(heard):
    heard.event("DELETED", thing("a", 9))
    heard.mirror.observe(thing("a", 8))
    heard.mirror.observe(thing("a", 10))
    assert heard.here is None
    heard.mirror.observe(thing("a", 11, uid="successor"))
    assert heard.here == 11
    assert heard.told == [(5, None)]


def test_mirror_keeps_the_successor_when_the_death_of_its_ancestor_comes_late(heard):
    heard.mirror.observe(thing("a", 8, uid="successor"))
    heard.event("DELETED", thing("a", 7))
    assert heard.here == 8
    assert heard.told == [(5, 8)]
    heard.event("ADDED", thing("a", 8, uid="successor"))
    assert heard.told == [(5, 8)]


def test_mirror_tells_of_the_death_when_it_was_forgotten_before(heard):
    heard.mirror.forget(KEY)
    assert heard.here is None
    assert heard.told == []
    heard.event("DELETED", thing("a", 6))
    assert heard.told == [(5, None)]


def test_mirror_keeps_a_successor_when_its_ancestor_is_forgotten(heard):
    heard.mirror.forget(KEY, uid="another")
    assert heard.here == 5
    heard.mirror.forget(("shop", "nobody"))


def test_mirror_finds_a_forgotten_object_again_when_it_is_listed_or_missing(heard):
    heard.mirror.forget(KEY)
    heard.list(at=8)
    assert heard.told == [(5, None)]
    heard.event("ADDED", thing("a", 9))
    heard.mirror.forget(KEY)
    heard.list(thing("a", 9), at=9)
    assert heard.told[1:] == [(None, 9), (9, 9)]


def test_mirror_never_goes_back_when_a_list_is_older_than_our_write(heard):
    heard.mirror.observe(thing("a", 9))
    heard.mirror.observe(thing("b", 10))
    heard.list(thing("a", 6), at=8)
    assert heard.here == 9
    assert version(heard.mirror.store.get(("shop", "b"))) == 10
    assert heard.told == [(5, 9)]
    heard.event("MODIFIED", thing("a", 9))
    heard.event("ADDED", thing("b", 10))
    assert heard.told == [(5, 9)]


def test_mirror_ignores_a_change_when_it_has_it_already(heard):
    heard.event("MODIFIED", thing("a", 5))
    heard.event("MODIFIED", thing("a", 4))
    heard.event("BOOKMARK", {"metadata": {"resourceVersion": "9"}})
    heard.list(thing("a", 5), at=9)
    assert heard.told == []


def test_mirror_stays_bounded_when_echoes_never_come(heard):
    for number in range(6, 400):
        heard.mirror.observe(thing("a", number))
    for number in range(6, 400):
        heard.event("MODIFIED", thing("a", number))
    assert heard.here == 399
    assert not heard.mirror._ahead


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12), st.randoms())
def test_mirror_tells_every_foreign_change_whatever_overtakes_what(writes, random):
    """Each write is ours or another's; answers to ours come at any time before their echo."""
    heard = Heard()
    for number, (ours, early) in enumerate(writes, start=1):
        if ours and early:
            heard.mirror.observe(thing("a", number))
    foreign_unheard = 0
    for number, (ours, early) in enumerate(writes, start=1):
        before = len(heard.told)
        heard.event("MODIFIED", thing("a", number))
        if not ours:
            foreign_unheard += len(heard.told) == before
        elif early:
            assert len(heard.told) == before
        if ours and not early:
            heard.mirror.observe(thing("a", number))
    assert foreign_unheard == 0
    assert heard.here == len(writes)
