"""What an Experiment makes, what it refuses, and what it does where the server says no."""

import pytest

from bot.core.experiments import status_codec
from tests.core.experiments import world_of_one as worlds

PORTS = ({"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "protocol": "UDP"})


def served(**service):
    one = worlds.template("baseline", service=service, template=worlds.pod(ports=PORTS))
    return worlds.World(templates=[one], duration="10s")


@pytest.mark.row(101)
def test_service_has_the_ports_and_the_labels_of_the_pods():
    world = served(name="base-svc").settle()
    body, pods = world.services["base-svc"], world.sets["exp-baseline"]
    assert body["spec"] == {
        "selector": {"app": "web", worlds.HASH: pods.hash},
        "ports": [
            {"port": 8080, "targetPort": 8080, "name": "http"},
            {"port": 9090, "targetPort": 9090, "protocol": "UDP"},
        ],
    }
    known = world.status.templates[0]
    assert (known.service, known.pod_hash) == ("base-svc", pods.hash)


def test_service_is_named_as_its_pods_where_it_has_no_name():
    assert list(served().settle().services) == ["exp-baseline"]


@pytest.mark.row(101)
def test_service_stays_with_the_pods_and_goes_with_them():
    world = served().settle().wait(12)
    assert world.phase == "Successful"
    assert list(world.services) == ["exp-baseline"]
    world.wait(31)
    assert world.services == {}
    assert world.status.templates[0].service == ""


def test_service_is_not_made_for_pods_without_ports():
    one = worlds.template("baseline", service={})
    world = worlds.World(templates=[one]).settle()
    assert world.services == {}
    assert world.status.templates[0].pod_hash == ""


def test_service_that_was_taken_out_of_the_spec_is_deleted():
    world = served().settle()
    del world.raw["spec"]["templates"][0]["service"]
    assert world.settle().services == {}


def test_equal_templates_do_not_select_each_others_pods():
    world = worlds.World(templates=[worlds.template("a"), worlds.template("b")]).settle()
    hashes = {rs.hash for rs in world.sets.values()}
    assert len(hashes) == 2


def test_inherited_hash_gives_way_to_the_experiments_own():
    one = worlds.template("a", template=worlds.pod(**{worlds.HASH: "h1"}))
    pods = next(iter(worlds.World(templates=[one]).settle().sets.values()))
    assert pods.hash != "h1"
    assert pods.template["metadata"]["labels"][worlds.HASH] == pods.hash


def test_name_that_others_have_is_left_to_them():
    world = worlds.World(templates=[worlds.template("a")])
    world.taken = {"exp-a", "exp-a-1"}
    world.settle()
    assert list(world.sets) == ["exp-a-2"]
    assert world.status.templates[0].collisions == 2


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("exp-baseline", "Failed to create ReplicaSet for template 'baseline': no"),
        (
            "service/base-svc",
            "Failed to create Service base-svc for template 'baseline': no",
        ),
    ],
)
def test_refusal_of_the_server_is_an_error_in_words(refused, said):
    world = served(name="base-svc")
    world.refused = {refused: "no"}
    world.once()
    assert (world.phase, world.status.message) == ("Error", said)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"templates": [worlds.template("")]}, "spec.templates[0].name: Required value"),
        (
            {"templates": [worlds.template("a"), worlds.template("a")]},
            'spec.templates[1].name: Invalid value: "a"',
        ),
        (
            {"templates": [worlds.template("a", selector={})]},
            "spec.templates[0].selector: Required value",
        ),
        (
            {"templates": [worlds.template("a", minReadySeconds=700)]},
            "spec.templates[0].minReadySeconds: Invalid value: 700",
        ),
        ({"templates": [{"name": "a"}]}, "spec.templates[0].template: Required value"),
        (
            {"templates": [worlds.template("a")], "duration": "soon"},
            'spec.duration: Invalid value: "soon"',
        ),
        ({"templates": "none"}, "spec.templates: Invalid value"),
        (
            {"templates": [worlds.template("a", template={"spec": {"containers": 3}})]},
            "spec.templates[0].template",
        ),
    ],
)
def test_manifest_that_cannot_be_run_says_why_and_nothing_is_made(spec, said):
    world = worlds.World(**spec).settle()
    found = world.status.condition("InvalidExperimentSpec")
    assert found.message.startswith(said)
    assert (world.phase, world.sets) == ("", {})


def test_condition_goes_when_the_manifest_is_mended():
    world = worlds.World(templates=[worlds.template("a")], duration="soon").settle()
    world.raw["spec"]["duration"] = "1h"
    world.settle()
    assert world.status.condition("InvalidExperimentSpec") is None
    assert world.phase == "Running"


def referring(ref="stable", **more):
    return worlds.World(templates=[{"name": "a", "specRef": ref}], **more)


def revision(image):
    labels = {"app": "web", worlds.HASH: "h1"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "app", "image": image}]},
    }
    return {"spec": {"selector": {"matchLabels": labels}, "template": template}}


def test_spec_ref_without_the_label_is_refused_in_words():
    world = referring().settle()
    said = world.status.condition("InvalidExperimentSpec").message
    assert said.endswith("of which Rollout? The label rollout-bot.io/rollout must name it")


def test_spec_ref_takes_the_pods_of_the_revision():
    world = referring("canary", labels={"rollout-bot.io/rollout": "web"})
    world.revisions = {"stable": revision("app:v1"), "canary": revision("app:v2")}
    pods = world.settle().sets["exp-a"]
    assert pods.template["spec"]["containers"][0]["image"] == "app:v2"
    assert pods.hash != "h1"
    assert world.phase == "Running"


@pytest.mark.parametrize(
    ("revisions", "said"),
    [(None, "is not there"), ({}, "has no stable revision")],
)
def test_spec_ref_of_what_is_not_there_is_refused_until_it_comes(revisions, said):
    world = referring(labels={"rollout-bot.io/rollout": "web"})
    world.revisions = revisions
    world.settle()
    assert said in world.status.condition("InvalidExperimentSpec").message
    assert world.wake_at is not None
    world.revisions = {"stable": revision("app:v1")}
    assert world.wait(21).phase == "Running"


def test_spec_ref_is_needed_no_more_once_its_pods_are_made():
    world = referring(labels={"rollout-bot.io/rollout": "web"}, duration="10s")
    world.revisions = {"stable": revision("app:v1")}
    world.settle()
    world.revisions = None
    assert world.wait(12).phase == "Successful"


def test_unknown_spec_ref_is_refused():
    world = referring("newest", labels={"rollout-bot.io/rollout": "web"}).settle()
    assert "specRef must be stable or canary" in (
        world.status.condition("InvalidExperimentSpec").message
    )


@pytest.mark.parametrize("raw", [None, 3, {"templateStatuses": [3, {"name": 1}], "phase": 4}])
def test_status_of_any_shape_is_read(raw):
    assert status_codec.encode(status_codec.decode(raw)) == {}
