"""The commands as they are typed: what they print and how they exit, against an API server."""

import asyncio
import json
import re
import subprocess
import sys
from datetime import UTC, datetime

import aiohttp
import pytest
import yaml
from click.testing import CliRunner

from bot import __main__ as program
from bot.adapters.kubernetes import credentials
from bot.core.notices import listing
from bot.local import cluster
from bot.model import errors
from bot.runtime import orders
from bot.wiring import console

ROLLOUT = yaml.safe_load("""
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: shop}}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: c, image: "img:1"}]}}
  strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}
""")
ROLLOUTS = "/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/argo-rollouts/leases"


class Place:
    """A cluster with one rollout, and a kubeconfig whose context means the namespace team."""

    def __init__(self, local, file):
        self.local = local
        self.file = file

    async def run(self, *arguments):
        """As somebody types it; the loop of the test serves the cluster meanwhile."""
        words = [*arguments, "--kubeconfig", str(self.file)]
        return await asyncio.to_thread(CliRunner().invoke, program.main, words)

    async def post(self, path, body):
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.local.url + path, json=body) as done,
        ):
            assert done.status == 201, await done.text()

    async def rollout(self):
        url = f"{self.local.url}{ROLLOUTS.format('team')}/shop"
        async with aiohttp.ClientSession() as session, session.get(url) as found:
            return await found.json()


def config(server):
    mine = {"cluster": "c", "user": "u", "namespace": "team"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": mine},
            {"name": "bare", "context": {"cluster": "c", "user": "u"}},
        ],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }


@pytest.fixture
async def place(tmp_path):
    local = cluster.LocalCluster()
    await local.start()
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config(local.url)))
    made = Place(local, file)
    for name in ("team", "argo-rollouts"):
        await made.post("/api/v1/namespaces", {"metadata": {"name": name}})
    await made.post(ROLLOUTS.format("team"), ROLLOUT)
    yield made
    await local.stop()


async def test_list_looks_into_the_namespace_of_the_context_and_with_a_into_all(place):
    assert "team/shop" in (await place.run("list")).output
    elsewhere = await place.run("list", "-n", "default")
    assert (elsewhere.exit_code, elsewhere.output) == (
        0,
        "There is no rollout in the namespace default.\n",
    )
    assert "team/shop" in (await place.run("list", "-A")).output
    bare = await place.run("list", "--context", "bare")
    assert "namespace default" in bare.output


@pytest.mark.parametrize(
    "command", [["list"], ["get", "shop"], ["why", "shop"], ["plan", "shop"]]
)
async def test_reading_gives_programs_json(place, command):
    done = await place.run(*command, "--json")
    assert done.exit_code == 0
    assert "shop" in json.dumps(json.loads(done.output))


async def test_name_may_carry_its_namespace(place):
    done = await place.run("get", "team/shop", "-n", "default")
    assert done.output.startswith("▶ team/shop v1")


async def frozen(place):
    """The freezes as they stand in the cluster."""
    path = "/api/v1/namespaces/argo-rollouts/configmaps/rollout-bot-freezes"
    async with aiohttp.ClientSession() as session, session.get(place.local.url + path) as found:
        data = (await found.json()).get("data") or {}
    return [json.loads(one) for one in data.values()]


async def test_plan_shows_the_steps_to_come_with_weights_and_pods(place):
    done = await place.run("plan", "shop")
    head, columns, first, *_ = done.output.splitlines()
    assert head == "team/shop the next version"
    assert columns.split() == ["STEP", "WEIGHT", "CANARY", "STABLE", "EARLIEST"]
    assert first.split()[0] == "1" and "50 %" in first


async def test_freeze_is_written_listed_and_ended_at_a_terminal(place):
    assert (await place.run("freeze")).output == "Nothing is frozen.\n"
    done = await place.run("freeze", "team/*", "2h", "db", "incident")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Frozen: team/* until ")
    assert "rollout-bot unfreeze f" in done.output
    (one,) = await frozen(place)
    assert (one["namespace"], one["reason"]) == ("team", "db incident")
    assert one["by"] == "local (terminal)"
    listed = json.loads((await place.run("freeze", "--json")).output)
    assert [found["reason"] for found in listed] == ["db incident"]
    assert (await place.run("unfreeze", "team/*")).output.startswith("Over: team/*.")
    assert (await frozen(place))[0]["liftedBy"] == "local (terminal)"
    again = await place.run("unfreeze", "--json")
    assert (again.exit_code, json.loads(again.output)["done"]) == (1, False)


@pytest.mark.parametrize(
    ("words", "scope", "reason"),
    [
        ((), ("", ""), ""),
        (("orders", "are", "lost"), ("", ""), "orders are lost"),
        (("team", "orders"), ("team", ""), "orders"),
        (("team/shop", "orders"), ("team", "shop"), "orders"),
    ],
)
async def test_line_is_stopped_at_a_terminal_whatever_is_typed(place, words, scope, reason):
    done = await place.run("stop-the-line", *words, "--json")
    assert (done.exit_code, json.loads(done.output)["done"]) == (0, True), done.output
    (one,) = await frozen(place)
    assert one["stop"] is True and "until" not in one
    assert (one.get("namespace", ""), one.get("name", "")) == scope
    assert one.get("reason", "") == reason


@pytest.mark.parametrize(
    ("words", "copy"), [(("taem",), "team"), (("team/shp", "orders"), "team/shop orders")]
)
async def test_mistyped_scope_stops_nothing_at_a_terminal_and_what_to_copy_is_said(
    place, words, copy
):
    done = await place.run("stop-the-line", *words)
    assert done.exit_code == 1 and await frozen(place) == []
    copies = [one for one in done.output.splitlines() if one.startswith("rollout-bot ")]
    assert copies[0] == f"rollout-bot stop-the-line {copy}"
    again = await place.run(*copies[0].split()[1:])
    assert again.exit_code == 0, again.output
    assert (await frozen(place))[0]["namespace"] == "team"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["freeze", "team"], 2, "Say for how long"),
        (["freeze", "team", "soon", "db"], 2, "Say for how long"),
        (["freeze", "team", "2h"], 2, "Say why"),
        (["freeze", "team", "90d", "db"], 1, "from 1 minute to 30 days"),
        (["freeze", "Team!", "2h", "db"], 1, "is no scope"),
        (["unfreeze", "f9"], 1, "Nothing is frozen."),
    ],
)
async def test_nothing_is_frozen_when_the_words_are_wrong(place, words, code, said):
    done = await place.run(*words)
    assert (done.exit_code, said in done.output) == (code, True), done.output
    assert await frozen(place) == []


async def test_policy_says_who_may_freeze_at_a_terminal_too(place):
    data = {
        "settings.yaml": "policy: /etc/rollout-bot/policy.yaml\n",
        "policy.yaml": json.dumps({"rules": [{"match": {}, "may": {"freeze": ["U0LEE"]}}]}),
    }
    path = "/api/v1/namespaces/argo-rollouts/configmaps"
    await place.post(path, {"metadata": {"name": "rollout-bot"}, "data": data})
    done = await place.run("freeze", "all", "2h", "db")
    assert (done.exit_code, done.output) == (1, "Only U0LEE may freeze this.\n")
    assert await frozen(place) == []


LOOKING = {"the context's": (), "-n": ("-n", "team")}


@pytest.mark.parametrize("by", ["id", "scope"])
@pytest.mark.parametrize("scope", ["all", "other/*", "oth*"])
@pytest.mark.parametrize("looking", LOOKING.values(), ids=list(LOOKING))
async def test_policy_of_every_rollout_in_a_freeze_counts_wherever_somebody_looks(
    place, looking, scope, by
):
    """The rollout is in another namespace than the one that is looked into."""
    await place.post("/api/v1/namespaces", {"metadata": {"name": "other"}})
    await place.post(ROLLOUTS.format("other"), ROLLOUT)
    rules = [{"match": {"namespaces": ["other"]}, "may": {"unfreeze": ["U0LEE"]}}]
    data = {
        "settings.yaml": "policy: /etc/rollout-bot/policy.yaml\n",
        "policy.yaml": json.dumps({"rules": rules}),
    }
    path = "/api/v1/namespaces/argo-rollouts/configmaps"
    await place.post(path, {"metadata": {"name": "rollout-bot"}, "data": data})
    made = await place.run("freeze", scope, "2h", "db")
    assert made.exit_code == 0, made.output
    found = re.search(r"unfreeze (f\w+)", made.output).group(1)
    named = {"id": found, "scope": scope}[by]
    done = await place.run("unfreeze", named, *looking)
    which = "" if scope == "other/*" else " other/shop is in it."
    assert (done.exit_code, done.output) == (1, f"Only U0LEE may lift this.{which}\n")
    assert "liftedBy" not in (await frozen(place))[0]


async def held(place):
    """An update that the bot left held by a window, with the pods of the stable."""
    rollout = await place.rollout()
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "shop",
             "uid": rollout["metadata"]["uid"], "controller": True}  # fmt: skip
    labels = {"app": "shop", "rollouts-pod-template-hash": "old"}
    meta = {"name": "shop-old", "labels": labels, "ownerReferences": [owner]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    await place.post("/apis/apps/v1/namespaces/team/replicasets", {"metadata": meta, "spec": spec})
    block = {"version": 1, "held": {"since": "2026-11-27T16:00:00Z", "rule": "window:hours"}}
    status = {"phase": "Paused", "message": "held: outside hours, until Monday", "stableRS": "old",
              "currentStepIndex": 0, "rolloutBot": block}  # fmt: skip
    url = f"{place.local.url}{ROLLOUTS.format('team')}/shop/status"
    kind = {"Content-Type": "application/merge-patch+json"}
    async with (
        aiohttp.ClientSession() as session,
        session.patch(url, json={"status": status}, headers=kind) as done,
    ):
        assert done.status == 200, await done.text()


@pytest.mark.parametrize("command", [["list"], ["get", "shop"], ["why", "shop"], ["plan", "shop"]])
async def test_whoever_may_not_read_the_rules_reads_what_status_tells_and_that_it_may_not_be_all(
    place, command
):
    await held(place)
    order = {"verb": "get", "resource": "configmaps", "answer": "403", "times": 50}
    place.local.faults.order(order)
    done = await place.run(*command)
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith(
        "You may not read the bot's settings (ConfigMap argo-rollouts/rollout-bot): windows, "
    )
    assert "status" in done.stderr and "may not read" not in done.stdout
    if command[0] in {"list", "get"}:  # of a pass that is only thought the core's tests tell
        assert "outside hours, until Monday" in done.stdout
    as_json = await place.run(*command, "--json")
    json.loads(as_json.stdout)


async def test_held_rollout_is_shown_so_where_no_settings_are_to_be_found(place):
    await held(place)
    done = await place.run("list")
    assert "holds at 0 %: outside hours, until Monday" in done.stdout
    assert done.stderr == ""


async def test_what_the_policy_says_counts_where_it_can_be_read(place):
    await held(place)
    data = {"settings.yaml": "cluster: prod-7\n"}
    path = "/api/v1/namespaces/argo-rollouts/configmaps"
    await place.post(path, {"metadata": {"name": "rollout-bot"}, "data": data})
    done = await place.run("list")
    assert "outside hours" not in done.stdout and done.stderr == ""


async def test_request_is_written_with_its_name_and_exits_with_1_when_no_bot_leads(
    place, monkeypatch
):
    monkeypatch.setattr(orders, "ANSWER_TIMEOUT_S", 0.3)
    monkeypatch.setattr(listing, "useless", lambda scene, kind: "")
    done = await place.run("abort", "shop", "wrong", "prices")
    assert done.exit_code == 1
    assert "No bot leads here" in done.output and "counts for 60 s" in done.output
    (intent,) = (await place.rollout())["status"]["rolloutBot"]["intents"].values()
    assert (intent["kind"], intent["actor"]) == ("abort", "local (terminal)")
    assert intent["reason"] == "wrong prices"


async def test_image_is_set_with_the_name_of_whoever_sets_it_and_it_is_said_that_none_leads(place):
    done = await place.run("set-image", "shop", "c=img:2")
    assert done.exit_code == 0, done.output
    assert done.output.endswith(
        "No bot leads here: there is no lease argo-rollouts/argo-rollouts-controller-lock. "
        "Nothing moves before one does.\n"
    )
    rollout = await place.rollout()
    assert rollout["spec"]["template"]["spec"]["containers"][0]["image"] == "img:2"
    assert rollout["metadata"]["annotations"]["rollout-bot.io/set-by"].endswith(" local (terminal)")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    lease = {"holderIdentity": "a", "renewTime": now, "leaseDurationSeconds": 15}
    name = "argo-rollouts-controller-lock"
    await place.post(LEASES, {"metadata": {"name": name}, "spec": lease})
    assert "lease" not in (await place.run("set-image", "shop", "c=img:3")).output


async def test_wrong_words_exit_with_2_and_say_what_is_right(place):
    for words, said in (
        (["get", "shop", "--context", "nowhere"], 'there is no context "nowhere"'),
        (["undo", "shop", "--to-revision", "x"], "not a valid integer"),
        (["set-image", "shop", "c"], "CONTAINER=IMAGE"),
        (["promote", "shop", "--ful"], "No such option"),
        (["get", "shop", "--config", "/nowhere"], "/nowhere cannot be read"),
    ):
        done = await place.run(*words)
        assert (done.exit_code, said in done.output) == (2, True), done.output


async def test_name_of_nothing_exits_with_1(place):
    done = await place.run("get", "shopp")
    assert (done.exit_code, done.output) == (1, 'No rollout "shopp". Did you mean shop?\n')


@pytest.mark.parametrize("name", ["team/", "/shop", "a/b/c"])
async def test_name_that_can_be_none_exits_with_1_and_says_how_one_is_written(place, name):
    done = await place.run("get", name)
    said = f'"{name}" names no rollout: say NAME or NAMESPACE/NAME.'
    assert done.exit_code == 1 and done.output.startswith(said)


async def test_settings_of_the_bot_are_read_from_the_cluster(place):
    text = 'cluster: prod-7\napprovers: {"team/*": [U0LEE]}\n'
    body = {"metadata": {"name": "rollout-bot"}, "data": {"settings.yaml": text}}
    await place.post("/api/v1/namespaces/argo-rollouts/configmaps", body)
    done = await place.run("get", "shop", "--json")
    assert json.loads(done.output)["rollout"]["cluster"] == "prod-7"
    assert "one of U0LEE" not in done.output


async def test_policy_of_the_bot_is_read_from_the_cluster_and_counts(place):
    rule = {"match": {}, "approval": {"approvers": ["U0LEE"]}, "may": {"retry": ["U0LEE"]}}
    data = {
        "settings.yaml": "policy: /etc/rollout-bot/policy.yaml\n",
        "policy.yaml": json.dumps({"rules": [rule]}),
    }
    path = "/api/v1/namespaces/argo-rollouts/configmaps"
    await place.post(path, {"metadata": {"name": "rollout-bot"}, "data": data})
    done = await place.run("retry", "shop")
    assert (done.exit_code, done.output) == (1, "Only U0LEE may retry it.\n")


async def test_nobody_approves_when_the_policy_is_not_where_the_settings_say(place):
    data = {"settings.yaml": "policy: /etc/rollout-bot/policy.yaml\n"}
    path = "/api/v1/namespaces/argo-rollouts/configmaps"
    await place.post(path, {"metadata": {"name": "rollout-bot"}, "data": data})
    done = await place.run("promote", "shop")
    assert done.exit_code == 1
    assert "policy.yaml, so it is not known who may approve" in done.output


async def test_cluster_that_is_away_exits_with_3(tmp_path):
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config("http://127.0.0.1:1")))
    made = Place(None, file)
    for words in (["list"], ["abort", "shop"], ["why", "shop", "--json"]):
        done = await made.run(*words)
        assert done.exit_code == 3, done.output
        assert "The cluster does not answer" in done.output
        assert "nothing was done" in done.output


async def test_names_are_completed_and_nothing_is_said_when_the_cluster_is_away(place, tmp_path):
    def completed(file):
        context = program.main.make_context("rollout-bot", ["list"])
        inner = console.get.make_context(
            "get", ["--kubeconfig", str(file)], parent=context, resilient_parsing=True
        )
        (name, *_) = console.get.params
        return [one.value for one in name.shell_complete(inner, "sh")]

    assert await asyncio.to_thread(completed, place.file) == ["shop"]
    gone = tmp_path / "gone"
    gone.write_text(yaml.safe_dump(config("http://127.0.0.1:1")))
    assert await asyncio.to_thread(completed, gone) == []


def test_kubeconfig_that_is_none_is_said(tmp_path):
    with pytest.raises(errors.UserError, match="cannot use"):
        credentials.namespace_of(str(tmp_path / "none"), "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_the_shell_takes(shell):
    done = CliRunner().invoke(program.main, ["completion", shell])
    assert done.exit_code == 0 and "_ROLLOUT_BOT_COMPLETE" in done.output


def test_plugin_is_named_as_kubectl_calls_it():
    code = "from bot.__main__ import plugin; import sys; sys.argv = ['x', 'get', '--help']; plugin()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("Usage: kubectl rollout-bot get ")
