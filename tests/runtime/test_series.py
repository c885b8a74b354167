"""Samples for a chart: the canary's query, and the stable's where it can be told."""

from bot.core import revisions
from bot.runtime import series
from tests.runtime import virtual


def raw(query, args):
    return {
        "metadata": {"name": "r", "labels": {revisions.HASH: "newhash"}},
        "spec": {
            "args": args,
            "metrics": [
                {
                    "name": "success-rate",
                    "successCondition": "result[0] >= 0.99",
                    "provider": {"prometheus": {"query": query, "address": "http://prometheus"}},
                }
            ],
        },
        "status": {
            "metricResults": [
                {
                    "name": "success-rate",
                    "measurements": [
                        {"phase": "Failed", "value": "[0.9]", "finishedAt": "2026-11-23T12:00:00Z"}
                    ],
                }
            ]
        },
    }


def asked(run):
    queries = []

    async def ask(config, query, start, end, step_s):
        queries.append(query)
        return [(virtual.START, 0.5)]

    async def story():
        return await series.PrometheusSeries(ask=ask).series(
            run, "success-rate", virtual.START, virtual.now(), "oldhash"
        )

    return virtual.run(story()), queries


def test_series_asks_for_the_stable_where_an_argument_is_the_canary():
    data, queries = asked(
        raw('ok{v="{{args.version}}"}', [{"name": "version", "value": "newhash"}])
    )
    assert queries == ['ok{v="newhash"}', 'ok{v="oldhash"}']
    assert (data.canary[0].value, data.stable[0].value, data.bound) == (50.0, 50.0, 99.0)
    assert len(data.failing) == 1


def test_series_leaves_the_stable_out_where_nothing_names_the_revision():
    data, queries = asked(raw('ok{s="{{args.service}}"}', [{"name": "service", "value": "shop"}]))
    assert queries == ['ok{s="shop"}']
    assert data.stable == ()


def test_series_knows_nothing_of_other_providers():
    run = raw("q", [])
    run["spec"]["metrics"][0]["provider"] = {"web": {"url": "http://127.0.0.1"}}
    assert asked(run) == (None, [])
