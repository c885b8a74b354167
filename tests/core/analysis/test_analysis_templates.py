"""From references to the spec of a run: lookup, merge, arguments, and every refusal."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.core import analysis as core
from bot.core.analysis import arguments, metrics, templates
from bot.model import errors

ROLLOUT: dict[str, Any] = {
    "metadata": {
        "name": "app",
        "namespace": "shop",
        "uid": "u1",
        "labels": {"team": "red", "app.kubernetes.io/name": "a"},
        "annotations": {"note": "n"},
    },
    "spec": {"replicas": 3, "paused": True, "list": [{"a": "x"}]},
}


def metric(name: str = "ok", **fields: Any) -> dict[str, Any]:
    return {"name": name, "provider": {"web": {"url": "u"}}, **fields}


def lookup(**specs: Any) -> templates.Lookup:
    """Templates by name; one whose name begins with ``c_`` is of the cluster."""

    def find(cluster_scope: bool, name: str) -> Mapping[str, Any] | None:
        spec = specs.get(f"c_{name}" if cluster_scope else name)
        return None if spec is None else {"spec": spec}

    return find


def refs(*names: str) -> list[dict[str, Any]]:
    return [
        {"templateName": name.removeprefix("c_"), "clusterScope": name.startswith("c_")}
        for name in names
    ]


def build(raw: dict[str, Any], *, step: bool = False, **specs: Any) -> dict[str, Any]:
    return core.build_spec(
        raw,
        lookup=lookup(**specs),
        rollout=ROLLOUT,
        latest_hash="h2",
        stable_hash="h1",
        step=step,
    )


def names(spec: Mapping[str, Any]) -> list[str]:
    return [one["name"] for one in spec["metrics"]]


def test_spec_holds_only_what_is_set_when_there_is_nothing_else() -> None:
    assert build({"templates": refs("t")}, t={"metrics": [metric()]}) == {"metrics": [metric()]}


@pytest.mark.row(80)
@pytest.mark.parametrize(
    ("wanted", "specs", "order"),
    [
        pytest.param(
            ("a", "b"),
            {"a": {"metrics": [metric("1")]}, "b": {"metrics": [metric("2")]}},
            ["1", "2"],
            id="in-order",
        ),
        pytest.param(
            ("c_a", "b"),
            {"c_a": {"metrics": [metric("1")]}, "b": {"metrics": [metric("2")]}},
            ["2", "1"],
            id="namespaced-first",
        ),
        pytest.param(
            ("a", "a"), {"a": {"metrics": [metric("1")]}}, ["1"], id="named-twice-counts-once"
        ),
        pytest.param(
            ("a", "b"),
            {
                "a": {"templates": refs("c"), "metrics": [metric("1")]},
                "b": {"metrics": [metric("2")]},
                "c": {"metrics": [metric("3")]},
            },
            ["1", "3", "2"],
            id="nested-follows-its-namer",
        ),
        pytest.param(
            ("a",),
            {"a": {"templates": refs("b")}, "b": {"metrics": [metric("1")]}},
            ["1"],
            id="nested-only",
        ),
        pytest.param(
            ("a",),
            {
                "a": {"templates": refs("b", "c")},
                "b": {"templates": refs("d")},
                "c": {"templates": refs("d")},
                "d": {"metrics": [metric("1")]},
            },
            ["1"],
            id="diamond-is-no-cycle",
        ),
    ],
)
def test_metrics_are_merged_in_order_when_several_templates_are_named(
    wanted: tuple[str, ...], specs: dict[str, Any], order: list[str]
) -> None:
    assert names(build({"templates": refs(*wanted)}, **specs)) == order


def arg(name: str = "x", value: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, **({} if value is None else {"value": value}), **more}


ONE = [metric("1")]
TWO = [metric("2")]


@pytest.mark.row(77, 82)
@pytest.mark.parametrize(
    ("wanted", "specs", "said"),
    [
        pytest.param(("nowhere",), {}, "AnalysisTemplate 'nowhere' not found", id="missing"),
        pytest.param(
            ("c_no",), {}, "ClusterAnalysisTemplate 'no' not found", id="missing-cluster"
        ),
        pytest.param(
            ("a",),
            {"a": {"templates": refs("gone"), "metrics": ONE}},
            "AnalysisTemplate 'gone' not found",
            id="missing-nested",
        ),
        pytest.param(
            ("a", "b"),
            {"a": {"metrics": ONE}, "b": {"metrics": ONE}},
            "two metrics have the same name '1'",
            id="same-metric",
        ),
        pytest.param(
            ("a", "b"),
            {"a": {"metrics": ONE, "args": [arg("x", "a")]}, "b": {"args": [arg("x", "b")]}},
            "Argument `x` specified multiple times with different values: 'a', 'b'",
            id="two-values",
        ),
        pytest.param(
            ("a",),
            {"a": {"metrics": ONE, "args": [arg("x")]}},
            "args.x was not resolved",
            id="no-value",
        ),
    ],
)
def test_references_are_refused_when_they_do_not_fit(
    wanted: tuple[str, ...], specs: dict[str, Any], said: str
) -> None:
    with pytest.raises(errors.UserError) as caught:
        build({"templates": refs(*wanted)}, **specs)
    assert caught.value.sentence == said


@pytest.mark.row(80)
@pytest.mark.parametrize(
    "specs",
    [
        pytest.param({"a": {"templates": refs("a")}}, id="itself"),
        pytest.param({"a": {"templates": refs("b")}, "b": {"templates": refs("a")}}, id="two"),
    ],
)
def test_references_are_refused_when_they_lead_in_a_circle(specs: dict[str, Any]) -> None:
    with pytest.raises(errors.UserError, match="AnalysisTemplate 'a'"):
        build({"templates": refs("a")}, **specs)


@pytest.mark.row(77, 78)
@pytest.mark.parametrize(
    ("declared", "given", "found"),
    [
        pytest.param([arg("x", "d")], [], [arg("x", "d")], id="default"),
        pytest.param([arg("x", "d")], [arg("x", "g")], [arg("x", "g")], id="given-wins"),
        pytest.param([arg("x")], [arg("x", "g")], [arg("x", "g")], id="given"),
        pytest.param(
            [arg("x", "d")], [arg("x", "g"), arg("z", "z")], [arg("x", "g")], id="unknown-dropped"
        ),
        pytest.param(
            [arg("x")],
            [arg("x", valueFrom={"podTemplateHashValue": "Latest"})],
            [arg("x", "h2")],
            id="latest",
        ),
        pytest.param(
            [arg("x")],
            [arg("x", valueFrom={"podTemplateHashValue": "Stable"})],
            [arg("x", "h1")],
            id="stable",
        ),
        pytest.param(
            [arg("x", valueFrom={"secretKeyRef": {"name": "s", "key": "k"}})],
            [],
            [arg("x", valueFrom={"secretKeyRef": {"name": "s", "key": "k"}})],
            id="secret-stays",
        ),
        pytest.param(
            [arg("b", "1"), arg("a", "2")], [], [arg("b", "1"), arg("a", "2")], id="order"
        ),
    ],
)
def test_arguments_get_their_values_when_the_run_is_built(
    declared: list[Any], given: list[Any], found: list[Any]
) -> None:
    spec = build({"templates": refs("t"), "args": given}, t={"metrics": ONE, "args": declared})
    assert spec["args"] == found


@pytest.mark.row(78)
@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("metadata.name", "app", id="name"),
        pytest.param("metadata.namespace", "shop", id="namespace"),
        pytest.param("metadata.uid", "u1", id="uid"),
        pytest.param("metadata.labels['team']", "red", id="label"),
        pytest.param("metadata.labels['app.kubernetes.io/name']", "a", id="label-with-dots"),
        pytest.param("metadata.annotations['note']", "n", id="annotation"),
        pytest.param("spec.replicas", "3", id="number"),
        pytest.param("spec.paused", "true", id="boolean"),
        pytest.param("spec.list[0].a", "x", id="index"),
    ],
)
def test_field_is_read_from_the_rollout_when_an_argument_refers_to_it(
    path: str, value: str
) -> None:
    given = [arg("x", valueFrom={"fieldRef": {"fieldPath": path}})]
    found = arguments.from_rollout(given, ROLLOUT, "h2", "h1")
    assert found["x"]["value"] == value


@pytest.mark.row(78)
@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("spec.nowhere", "invalid path spec.nowhere in rollout", id="missing"),
        pytest.param("spec.list[b]", "invalid index 'b'", id="no-index"),
        pytest.param("spec.list[1]", "index 1 out of range", id="out-of-range"),
        pytest.param(
            "spec.list",
            "path spec.list in rollout must terminate in a primitive value",
            id="no-primitive",
        ),
    ],
)
def test_field_is_refused_when_it_cannot_be_read(path: str, said: str) -> None:
    given = [arg("x", valueFrom={"fieldRef": {"fieldPath": path}})]
    with pytest.raises(errors.UserError) as caught:
        arguments.from_rollout(given, ROLLOUT, "h2", "h1")
    assert caught.value.sentence == said


@pytest.mark.parametrize(
    "value",
    ["plain", 'quo"te', "new\nline", "back\\slash", "{{args.y}}", "tab\t", "schön", "}}"],
)
def test_value_comes_through_whole_when_it_is_put_into_a_metric(value: str) -> None:
    raw = {"a": [{"b": "<{{ args.x }}>"}], "c": "{{args.x}}"}
    found = arguments.substituted(raw, {"x": value})
    assert found == {"a": [{"b": f"<{value}>"}], "c": value}


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"metricName": name, **more}


def test_rules_of_the_caller_come_first_when_templates_have_some_too() -> None:
    raw = {"templates": refs("t"), "dryRun": [rule("1")]}
    spec = build(
        raw,
        t={
            "metrics": [*ONE, *TWO],
            "dryRun": [rule("2")],
            "measurementRetention": [rule("1", limit=3)],
        },
    )
    assert spec["dryRun"] == [rule("1"), rule("2")]
    assert spec["measurementRetention"] == [rule("1", limit=3)]


@pytest.mark.parametrize("key", ["dryRun", "measurementRetention"])
def test_rules_are_refused_when_two_name_the_same_metric(key: str) -> None:
    with pytest.raises(errors.UserError, match="'1'"):
        build({"templates": refs("t"), key: [rule("1")]}, t={"metrics": ONE, key: [rule("1")]})


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        pytest.param({"interval": "1s"}, 5, id="at-least-five"),
        pytest.param({"interval": "1s", "failureLimit": 7}, 8, id="failures"),
        pytest.param({"interval": "1s", "inconclusiveLimit": 9}, 10, id="inconclusive"),
        pytest.param({"interval": "1s", "count": 0}, 5, id="zero-is-none"),
        pytest.param({"interval": "1s", "count": 2}, 2, id="its-own"),
        pytest.param({}, None, id="one-measurement"),
    ],
)
def test_step_metric_gets_a_count_when_it_would_run_for_ever(
    fields: dict[str, Any], count: int | None
) -> None:
    specs = {"t": {"metrics": [metric(**fields)]}}
    in_step = build({"templates": refs("t")}, step=True, **specs)
    beside = build({"templates": refs("t")}, step=False, **specs)
    assert in_step["metrics"][0].get("count") == count
    assert beside["metrics"][0] == metric(**fields)


def check(raw: dict[str, Any], *, rollout: Any = None, **specs: Any) -> None:
    core.check(
        raw,
        path="spec.strategy.canary.steps[1].analysis",
        step=True,
        lookup=lookup(**specs),
        rollout=rollout or ROLLOUT,
        stable_hash="h1",
    )


def test_check_says_argos_field_error_when_a_template_is_missing() -> None:
    with pytest.raises(errors.UserError) as caught:
        check({"templates": refs("nowhere")})
    assert caught.value.sentence == (
        "spec.strategy.canary.steps[1].analysis.templates: "
        "Invalid value: \"nowhere\": AnalysisTemplate 'nowhere' not found"
    )


def test_check_refuses_an_endless_step_metric_only_when_strict() -> None:
    specs = {"t": {"metrics": [metric(interval="1s")]}}
    check({"templates": refs("t")}, **specs)
    strict = {"metadata": {"annotations": {"rollout-bot.io/strict": "true"}}}
    with pytest.raises(errors.UserError, match="metric ok which runs indefinitely"):
        check({"templates": refs("t")}, rollout=strict, **specs)


@pytest.mark.parametrize("provider", ["wavefront", "graphite", "plugin", "kayenta", "unheardOf"])
def test_check_names_the_field_when_a_provider_is_not_built_yet(provider: str) -> None:
    with pytest.raises(errors.NotSupported, match=rf"metrics\[0\]\.provider\.{provider}"):
        check({"templates": refs("t")}, t={"metrics": [metric(provider={provider: {}})]})


def test_check_accepts_what_can_be_run_when_values_come_later() -> None:
    secret = arg("k", valueFrom={"secretKeyRef": {"name": "s", "key": "k"}})
    template = {
        "metrics": [metric(successCondition="result > {{args.k}}", count="{{args.n}}")],
        "args": [secret, arg("n", "1")],
    }
    check({"templates": refs("t")}, t=template)


SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}


@pytest.mark.row(77)
@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        pytest.param(arg("x"), arg("x", "b"), arg("x", "b"), id="nothing-then-value"),
        pytest.param(arg("x", "a"), arg("x"), arg("x", "a"), id="value-then-nothing"),
        pytest.param(arg("x", "a"), arg("x", "a"), arg("x", "a"), id="same-value"),
        pytest.param(
            arg("x", valueFrom=SECRET), arg("x", "b"), arg("x", "b"), id="source-then-value"
        ),
        pytest.param(
            arg("x", valueFrom=SECRET), arg("x", ""), arg("x", ""), id="source-then-empty-value"
        ),
        pytest.param(
            arg("x", valueFrom=SECRET), arg("x"), arg("x", valueFrom=SECRET), id="source-stays"
        ),
    ],
)
def test_argument_is_merged_when_two_templates_declare_it(
    first: dict[str, Any], second: dict[str, Any], found: dict[str, Any]
) -> None:
    specs = {"a": {"metrics": ONE, "args": [first]}, "b": {"args": [second]}}
    assert build({"templates": refs("a", "b")}, **specs)["args"] == [found]


@pytest.mark.parametrize("interval", ["0", "0s", "-1s", "-5m"])
def test_metric_is_refused_when_it_would_be_measured_without_a_break(interval: str) -> None:
    with pytest.raises(errors.UserError) as caught:
        metrics.in_order([metric(interval=interval, successCondition="true")])
    assert f'interval "{interval}" must be greater than 0' in caught.value.sentence
