"""Stock kubectl as somebody types it, against the local cluster and a real API server.

Each line of the table is a command, its exit code, and what it prints: the same on both.
"""

import asyncio
import contextlib
import re
import shutil
import subprocess
import uuid

import pytest

from bot.local import cluster
from tests.cluster import binaries

pytestmark = pytest.mark.cluster

MANIFEST = """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web, labels: {tier: LABEL}}
spec:
  replicas: COUNT
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [CONTAINERS]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: COUNT
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [CONTAINERS]}
  strategy: {canary: {}}
"""
TWO = '{name: app, image: "x:1"}, {name: beside, image: "y:1"}'
ONE = '{name: app, image: "x:1"}'
IMAGE = '{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"x:2"}]}}}}'
STEPS = [
    ("apply -f first.yaml", 0, "replicaset.apps/web created\nrollout.argoproj.io/shop created"),
    ("apply -f first.yaml", 0, "replicaset.apps/web unchanged\nrollout.argoproj.io/shop unchanged"),
    (
        "wait rs/web --for=jsonpath={.status.replicas}=2 --timeout=60s",
        0,
        "replicaset.apps/web condition met",
    ),
    ("get pods -l app=web -o name", 0, r"pod/web-\w{5}\npod/web-\w{5}"),
    ("get rs web --no-headers", 0, r"web +2 +2 +\d +\d+s"),
    ("get ro --no-headers", 0, r"shop +2 .*\d+s"),
    ("diff -f second.yaml", 1, r"(?s).*-    tier: a\n\+    tier: b\n.*"),
    # Client-side apply takes away what it brought: the second container goes.
    (
        "apply -f second.yaml",
        0,
        "replicaset.apps/web configured\nrollout.argoproj.io/shop configured",
    ),
    ("get rs web -o jsonpath={.spec.template.spec.containers[*].name}", 0, "app"),
    ("get ro shop -o jsonpath={.spec.template.spec.containers[*].name}", 0, "app"),
    ("get rs -l tier=b -o jsonpath={.items[*].spec.replicas}", 0, "3"),
    (["patch", "rs", "web", "-p", IMAGE], 0, "replicaset.apps/web patched"),
    (["patch", "ro", "shop", "-p", IMAGE], 1, ".*the body of the request was in an unknown format.*"),
    (["patch", "ro", "shop", "--type=merge", "-p", IMAGE], 0, "rollout.argoproj.io/shop patched"),
    (
        'patch ro shop --type=json -p [{"op":"replace","path":"/spec/replicas","value":5}]',
        0,
        "rollout.argoproj.io/shop patched",
    ),
    (
        'patch ro shop --subresource=status --type=merge -p {"status":{"abort":true}}',
        0,
        "rollout.argoproj.io/shop patched",
    ),
    (
        "get ro shop -o jsonpath={.spec.replicas}{.status.abort}{.metadata.generation}",
        0,
        "5true4",
    ),
    ("scale ro shop --replicas=1", 0, "rollout.argoproj.io/shop scaled"),
    ("annotate ro shop rollout-bot.io/channel=#x", 0, "rollout.argoproj.io/shop annotated"),
    ("delete rs web --wait=false", 0, 'replicaset.apps "web" deleted.*'),
    ("wait --for=delete pod -l app=web --timeout=60s", 0, "(?s).*"),
    ("get pods -l app=web", 0, "No resources found.*"),
    ("get rs web", 1, r'.*replicasets.apps "web" not found'),
    ("delete ro shop", 0, 'rollout.argoproj.io "shop" deleted.*'),
    ("get nothing", 1, '.*the server doesn\'t have a resource type "nothing"'),
    ("get all", 0, "(?s).*"),
]


@pytest.fixture(params=["local", "real"])
async def kubectl(request, tmp_path):
    """A call of kubectl in a namespace of its own; never in the loop that serves the cluster."""
    if reason := binaries.missing():
        pytest.skip(reason)
    async with contextlib.AsyncExitStack() as stack:
        kubeconfig = tmp_path / "kubeconfig"
        if request.param == "local":
            local = cluster.LocalCluster()
            await local.start()
            stack.push_async_callback(local.stop)
            local.kubeconfig(kubeconfig)
        else:
            plane = request.getfixturevalue("control_plane")
            shutil.copy(plane.kubeconfig, kubeconfig)
        yield Kubectl(folder=tmp_path, kubeconfig=kubeconfig)


class Kubectl:
    def __init__(self, *, folder, kubeconfig):
        self.folder = folder
        self.start = [binaries.path("kubectl"), "--kubeconfig", str(kubeconfig)]
        self.start += ["--cache-dir", str(folder / "cache"), "--request-timeout", "90s"]

    def __call__(self, namespace, words, given=None):
        words = words.split(" ") if isinstance(words, str) else words
        ran = subprocess.run(
            [*self.start, "-n", namespace, *words],
            capture_output=True,
            text=True,
            timeout=90,
            cwd=self.folder,
            input=given,
        )
        return ran.returncode, (ran.stdout + ran.stderr).strip()


@pytest.mark.timeout(400)
async def test_kubectl_does_and_says_the_same_on_both_clusters(kubectl):
    for name, label, count, containers in (("first", "a", 2, TWO), ("second", "b", 3, ONE)):
        text = MANIFEST.replace("LABEL", label).replace("COUNT", str(count))
        (kubectl.folder / f"{name}.yaml").write_text(text.replace("CONTAINERS", containers))
    await asyncio.to_thread(play, kubectl)


def play(kubectl):
    space = f"kubectl-{uuid.uuid4().hex[:8]}"
    body = f"{{apiVersion: v1, kind: Namespace, metadata: {{name: {space}}}}}"
    made = kubectl("default", "apply -f -", given=body)
    assert made == (0, f"namespace/{space} created")
    for words, code, text in STEPS:
        got, said = kubectl(space, words)
        assert got == code, (words, said)
        assert re.fullmatch(text, said), (words, said)
    gone = kubectl("default", f"delete ns {space} --wait=false")
    assert gone[0] == 0, gone
