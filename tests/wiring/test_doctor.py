"""The doctor: each thing that can be wrong is found, and what to do is said."""

import asyncio
import dataclasses
import json
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web

from bot import settings
from bot.adapters import history
from bot.adapters.slack import http, socket
from bot.cli import diagnosis, slack_manifest
from bot.local import cluster
from bot.local.workspace import LocalWorkspace
from bot.local.workspace import web_api as workspace_api
from bot.runtime import tasks
from bot.wiring import doctor
from bot.wiring.doctor import cluster as clusters
from bot.wiring.doctor import files, measuring
from bot.wiring.doctor import slack as slacks

CRDS = Path(__file__).parents[2] / "manifests" / "crds"


@pytest.fixture
async def workspace():
    served = LocalWorkspace(tiers=False)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
def slack(workspace):
    return settings.Slack(
        bot_token=settings.Secret(workspace.bot_token),
        app_token=settings.Secret(workspace.app_token),
        api_url=workspace.api_url,
        default_channel="#releases",
    )


def by_check(found):
    return {one.check: one for one in found}


async def checked(slack):
    return by_check(await slacks.checks(slack))


async def test_workspace_that_is_set_up_is_fine(slack):
    found = await checked(slack)
    assert {one.word for one in found.values()} == {diagnosis.Word.OK}, found
    assert set(found) == {"token", "scopes", "clock", "channel #releases", "socket"}


async def test_bot_without_tokens_is_no_fault():
    (found,) = (await checked(settings.Slack())).values()
    assert found.word is diagnosis.Word.SKIPPED


@pytest.mark.parametrize(
    ("change", "check", "todo"),
    [
        ({"bot_token": settings.Secret("xoxb-no")}, "token", "SLACK_BOT_TOKEN"),
        ({"app_token": settings.Secret("xapp-no")}, "socket", "connections:write"),
        ({"app_token": settings.Secret("")}, "socket", "SLACK_APP_TOKEN"),
        ({"default_channel": "#random"}, "channel #random", "/invite @rollout in #random"),
        ({"default_channel": "#nowhere"}, "channel #nowhere", "correct its name"),
        ({"channels": {"a": "#random"}}, "channel #random", "/invite"),
        ({"approvers": {"*": ("SNOBODY001",)}}, "groups", "Correct the id"),
        ({"api_url": "http://127.0.0.1:1/api/"}, "token", "SLACK_BOT_TOKEN"),
    ],
)
async def test_fault_in_the_settings_is_found_with_what_to_do(slack, change, check, todo):
    found = await checked(dataclasses.replace(slack, **change))
    assert found[check].word is diagnosis.Word.FAILED
    assert todo in found[check].todo
    assert "xoxb-" not in found[check].said and "xapp-" not in found[check].said


async def test_group_that_is_there_is_fine(slack):
    found = await checked(dataclasses.replace(slack, approvers={"*": ("SSRE000001",)}))
    assert found["groups"].word is diagnosis.Word.OK


@pytest.mark.parametrize(("group", "word"), [("SSRE000001", "ok"), ("SNOBODY001", "failed")])
async def test_group_that_only_the_policy_names_is_checked_too(slack, tmp_path, group, word):
    file = tmp_path / "policy.yaml"
    file.write_text(json.dumps({"groups": {"sre": {"slack": group}}, "rules": []}))
    (read,), groups = files.policy(settings.Settings(policy=str(file)))
    assert (read.word, groups) == (diagnosis.Word.OK, {group})
    found = by_check(await slacks.checks(slack, groups=groups))["groups"]
    assert found.word == word
    assert (group in found.said) is (word == "failed")


def test_policy_that_cannot_be_used_is_found_with_its_path(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(json.dumps({"rules": [{"match": {}, "may": {"fly": ["anyone"]}}]}))
    (found,), groups = files.policy(settings.Settings(policy=str(file)))
    assert (found.word, groups) == (diagnosis.Word.FAILED, frozenset())
    assert "rules[0]" in found.said and "policy check" in found.todo
    (none,), _ = files.policy(settings.Settings())
    assert none.word is diagnosis.Word.SKIPPED


async def checked_history(address):
    (found,) = await files.kept(settings.Settings(history=settings.Secret(str(address))))
    return found


async def test_history_that_answers_says_how_much_is_in_it(tmp_path):
    book = history.SqlHistory(str(tmp_path / "history.db"))
    await book.head()
    await book.close()
    found = await checked_history(tmp_path / "history.db")
    assert (found.word, found.said.endswith("answers, 0 records")) == (diagnosis.Word.OK, True)


async def test_history_that_the_bot_has_not_made_yet_is_no_fault_and_is_not_made(tmp_path):
    found = await checked_history(tmp_path / "history.db")
    assert (found.word, "first start" in found.said) == (diagnosis.Word.SKIPPED, True)
    assert list(tmp_path.iterdir()) == []
    assert (await checked_history("")).word is diagnosis.Word.SKIPPED


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
async def test_history_that_cannot_be_made_is_a_fault_before_the_first_start(tmp_path, form):
    found = await checked_history(form.format(tmp_path / "none" / "history.db"))
    assert found.word is diagnosis.Word.FAILED
    assert found.said.endswith(f"is not there, and no file can be made in {tmp_path / 'none'}")
    assert found.todo.startswith("Make the folder")


async def test_history_that_cannot_be_used_is_found_and_its_password_kept(tmp_path):
    (tmp_path / "history.db").write_text("this is no database, whatever its name says" * 9)
    for address in (
        tmp_path / "history.db",
        "postgresql://bot:geheim@127.0.0.1:1/none",
        "mysql://bot:geheim@127.0.0.1/none",
    ):
        found = await checked_history(address)
        assert found.word is diagnosis.Word.FAILED, (address, found)
        assert "--history" in found.todo
        assert "geheim" not in f"{found.said} {found.todo}"


async def test_scope_that_lacks_is_named(slack, monkeypatch):
    monkeypatch.setattr(workspace_api, "_SCOPES", "chat:write, commands")
    found = (await checked(slack))["scopes"]
    assert found.word is diagnosis.Word.FAILED
    assert "lacks channels:history, channels:read, files:write" in found.said


async def test_shared_channel_is_found(slack, workspace):
    room = workspace.state.channels["CRELEASES1"]
    workspace.state.channels[room.id] = dataclasses.replace(room, shared=True)
    found = (await checked(slack))["channel #releases"]
    assert found.word is diagnosis.Word.FAILED and "shared" in found.said


@pytest.mark.parametrize(
    ("ahead", "word"),
    [(0, "ok"), (59, "ok"), (120, "failed"), (-120, "failed")],
)
def test_clock_is_held_against_slacks(ahead, word):
    now = 1_763_899_200.0 + ahead
    found = slacks._clock({"Date": "Sun, 23 Nov 2025 12:00:00 GMT"}, now)
    assert found.word == word
    assert ("ahead" in found.said, "behind" in found.said) == (ahead > 60, ahead < -60)
    assert slacks._clock({"Date": "nonsense"}, now).word is diagnosis.Word.SKIPPED
    assert slacks._clock({}, now).word is diagnosis.Word.SKIPPED


@pytest.fixture
async def listening(slack):
    bolt = socket.app(token="xoxb-1", base_url=slack.api_url)
    server = http.Server(bolt=bolt, secrets=["right"], host="127.0.0.1", port=0)
    task = tasks.spawn(server.run(), name="http")
    while not server.port:
        await asyncio.sleep(0.01)
    yield settings.Address(host="127.0.0.1", port=server.port)
    await tasks.cancel(task)


@pytest.mark.parametrize(
    ("given", "word", "todo"),
    [
        (("right",), "ok", ""),
        (("wrong",), "failed", "the same SLACK_SIGNING_SECRET"),
        ((), "failed", "Set SLACK_SIGNING_SECRET"),
    ],
)
async def test_signing_secret_is_tried_on_the_bot_that_runs(slack, listening, given, word, todo):
    signing = tuple(map(settings.Secret, given))
    changed = dataclasses.replace(slack, http=listening, signing_secrets=signing)
    found = (await checked(changed))["signing secret"]
    assert found.word == word and todo in found.todo
    assert "right" not in found.said + found.todo or given != ("right",)


async def test_port_that_nobody_listens_at_is_found(slack):
    nowhere = settings.Address(host="127.0.0.1", port=1)
    signing = (settings.Secret("right"),)
    changed = dataclasses.replace(slack, http=nowhere, signing_secrets=signing)
    found = (await checked(changed))["signing secret"]
    assert found.word is diagnosis.Word.FAILED and "Start the bot" in found.todo


@pytest.fixture
async def local(tmp_path):
    made = cluster.LocalCluster()
    await made.start()
    made.file = made.kubeconfig(tmp_path / "kubeconfig")
    yield made
    await made.stop()


async def post(local, path, body):
    async with aiohttp.ClientSession() as session, session.post(local.url + path, json=body) as done:
        assert done.status == 201


async def test_cluster_that_answers_is_fine_and_its_addresses_are_known(local):
    body = {"metadata": {"name": "t"}, "spec": {"metrics": [
        {"name": "a", "provider": {"prometheus": {"address": "http://p:9090", "query": "up"}}},
        {"name": "b", "provider": {"prometheus": {"address": "{{args.where}}", "query": "up"}}},
    ]}}
    await post(local, "/apis/argoproj.io/v1alpha1/namespaces/default/analysistemplates", body)
    found, addresses = await clusters.checks(settings.Settings(kubeconfig=local.file), account="")
    assert addresses == {"http://p:9090"}
    known = by_check(found)
    count = len(set(clusters.rules("argo-rollouts")))
    assert known["rights"].said == f"local has all {count}"
    assert known["definitions"].word is diagnosis.Word.OK
    assert known["leader"].word is diagnosis.Word.SKIPPED


async def test_right_that_lacks_is_named(local, monkeypatch):
    asked = []

    async def may(api, *, verb, resource, subresource, namespace, user, groups, **_):
        asked.append((user, groups))
        return (verb, resource, subresource) != ("patch", "rollouts", "status")

    monkeypatch.setattr(clusters.access, "may", may)
    chosen = settings.Settings(kubeconfig=local.file)
    found, _ = await clusters.checks(chosen, account="argo-rollouts/rollout-bot")
    rights = by_check(found)["rights"]
    assert rights.word is diagnosis.Word.FAILED
    assert "lacks 1 of " in rights.said and "patch rollouts/status.argoproj.io" in rights.said
    assert set(asked) == {(
        "system:serviceaccount:argo-rollouts:rollout-bot",
        ("system:serviceaccounts", "system:serviceaccounts:argo-rollouts"),
    )}


async def test_definition_that_drops_our_block_is_found(local):
    raw = yaml.safe_load((CRDS / "rollouts.yaml").read_text())
    schema = raw["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["status"] = {"type": "object", "properties": {"phase": {}}}
    schema.pop("x-kubernetes-preserve-unknown-fields", None)
    await post(local, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", raw)
    found, _ = await clusters.checks(settings.Settings(kubeconfig=local.file), account="")
    assert by_check(found)["pruning"].word is diagnosis.Word.FAILED
    assert "kubectl apply -f manifests/crds/" in by_check(found)["pruning"].todo


async def test_cluster_that_is_away_is_one_fault_and_the_rest_is_still_checked(tmp_path, slack):
    chosen = settings.Settings(kubeconfig=str(tmp_path / "none"), slack=slack)
    found = by_check(await doctor.examined(chosen))
    assert found["cluster"].word is diagnosis.Word.FAILED
    assert found["token"].word is diagnosis.Word.OK
    assert found["prometheus"].word is diagnosis.Word.SKIPPED


@pytest.mark.parametrize(("status", "word"), [(200, "ok"), (500, "failed")])
async def test_prometheus_is_asked(status, word):
    async def query(_):
        data = {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1"]}]}
        return web.json_response({"status": "success", "data": data}, status=status)

    app = web.Application()
    app.router.add_route("*", "/api/v1/query", query)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    (found,) = await measuring.checks(settings.Settings(), [address])
    assert (found.word, address in found.said) == (word, True)
    await runner.cleanup()


def test_every_finding_is_a_line_and_what_to_do_stands_below():
    found = [
        diagnosis.fine("token", "is that of rollout"),
        diagnosis.wrong("channel #a", "the bot is not in it", "/invite @rollout in #a."),
        diagnosis.skipped("prometheus", "no address"),
    ]
    assert diagnosis.as_text(found).splitlines() == [
        "ok       token       is that of rollout",
        "failed   channel #a  the bot is not in it",
        "                     → /invite @rollout in #a.",
        "skipped  prometheus  no address",
        "1 ok, 1 failed, 1 skipped",
    ]
    assert diagnosis.exit_code(found) == 1 and diagnosis.exit_code(found[:1]) == 0
    assert json.loads(json.dumps(diagnosis.as_json(found)))[1]["todo"].startswith("/invite")


def test_scopes_that_are_checked_are_those_of_the_manifest():
    raw = yaml.safe_load(slack_manifest.text(commands=("list",)))
    assert raw["oauth_config"]["scopes"]["bot"] == [scope for scope, _ in slack_manifest.SCOPES]
