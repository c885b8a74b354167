"""Hashes to the byte of Argo's, against vectors that Go wrote (``tests/hashes``)."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hashing import go_json, hashes, quantities
from bot.core.revisions import without_hash

FOLDER = Path(__file__).parent.parent / "hashes"
VECTORS = json.loads((FOLDER / "vectors.json").read_text("utf-8"))
STORED = json.loads((FOLDER / "stored.json").read_text("utf-8"))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@pytest.mark.row(130)
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_hash_is_that_of_argo_when_it_is_computed_here(vector):
    if "template" in vector:
        text = go_json.written(vector["template"], go_json.TEMPLATE)
        found = hashes.of_template(vector["template"], vector.get("collisions"))
    else:
        text = go_json.written(vector["steps"], f"[]{go_json.STEP}")
        found = hashes.of_steps(vector["steps"])
    assert text == vector["text"]
    assert found == vector["hash"]


def test_canary_without_steps_has_the_hash_of_nothing():
    assert hashes.of_steps([]) == "5ffbfbbd64"


@pytest.mark.row(6)
@pytest.mark.parametrize("pair", STORED, ids=lambda pair: pair["name"])
def test_template_is_found_again_when_a_server_has_filled_in_its_defaults(pair):
    assert hashes.same(without_hash(pair["asked"]), without_hash(pair["stored"]))


CHANGES = {
    "image": lambda pod: pod["containers"][0].update(image="other"),
    "env taken away": lambda pod: pod["containers"][0].pop("env"),
    "grace of zero": lambda pod: pod.update(terminationGracePeriodSeconds=0),
    "another default": lambda pod: pod.update(dnsPolicy="Default"),
    "order of containers": lambda pod: pod["containers"].reverse(),
    "pulled always": lambda pod: pod["containers"][0].update(imagePullPolicy="Always"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_template_is_another_when_something_of_it_was_changed(change):
    containers = [
        {"name": "a", "image": "one:1", "env": [{"name": "A", "value": "1"}]},
        {"name": "b", "image": "two:1"},
    ]
    mine = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": containers}}
    theirs = copy.deepcopy(mine)
    change(theirs["spec"])
    assert not hashes.same(mine, theirs)
    assert hashes.of_template(mine) != hashes.of_template(theirs)


@given(JSON)
def test_hash_never_raises_whatever_a_template_is(junk):
    template = {"metadata": junk, "spec": {"containers": junk}}
    assert hashes.of_template(template)
    assert hashes.of_template({"spec": junk}, 3)
    assert hashes.of_steps([junk])
    assert hashes.same(template, template)


@given(JSON)
def test_quantity_is_a_text_or_nothing_whatever_it_is(junk):
    found = quantities.canonical(junk)
    assert found is None or quantities.canonical(found) == found
