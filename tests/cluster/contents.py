"""What is put into a fresh control plane: our kinds, Istio's kinds, the rights of manifests/."""

import base64
import time
from pathlib import Path

import yaml

from tests.cluster import api, istio

MANIFESTS = Path(__file__).parents[2] / "manifests"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RIGHTS = "/apis/rbac.authorization.k8s.io/v1"
SERVED_S = 90.0


def kubeconfig(
    *, server: str, authority: bytes, tokens: dict[str, str], current: str
) -> api.Object:
    """One context for each user, named as the user."""
    data = base64.b64encode(authority).decode()
    cluster = {"server": server, "certificate-authority-data": data}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "plane", "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}} for name, token in tokens.items()],
        "contexts": [
            {"name": name, "context": {"cluster": "plane", "user": name}} for name in tokens
        ],
        "current-context": current,
    }


def documents(folder: Path) -> list[api.Object]:
    """Every object of the YAML files of a folder, kustomizations and examples left out."""
    files = sorted(p for p in folder.glob("*.yaml") if ".example" not in p.name)
    found = [doc for file in files for doc in yaml.safe_load_all(file.read_text()) if doc]
    return [doc for doc in found if doc["kind"] != "Kustomization"]


def install_kinds(client: api.Client) -> None:
    """Return when all of them are served."""
    kinds = documents(MANIFESTS / "crds") + istio.definitions()
    for kind in kinds:
        client.apply(CRDS, kind)
    deadline = time.monotonic() + SERVED_S
    for kind in kinds:
        while not _is_served(client, kind["metadata"]["name"]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{kind['metadata']['name']} is not served")
            time.sleep(0.05)


def _is_served(client: api.Client, name: str) -> bool:
    found = client.call("GET", f"{CRDS}/{name}").get("status", {}).get("conditions", [])
    state = {condition["type"]: condition["status"] for condition in found}
    if state.get("NamesAccepted") == "False":
        raise RuntimeError(f"{name}: its names are refused")
    return state.get("Established") == "True"


def install_rights(client: api.Client, *, user: str) -> None:
    """Namespace, roles and bindings as in manifests/, bound to ``user`` as well."""
    paths = {
        "Namespace": "/api/v1/namespaces",
        "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
        "ClusterRole": f"{RIGHTS}/clusterroles",
        "ClusterRoleBinding": f"{RIGHTS}/clusterrolebindings",
        "Role": RIGHTS + "/namespaces/{}/roles",
        "RoleBinding": RIGHTS + "/namespaces/{}/rolebindings",
    }
    found = documents(MANIFESTS / "install")
    for doc in sorted(
        (doc for doc in found if doc["kind"] in paths),
        key=lambda doc: list(paths).index(doc["kind"]),
    ):
        if "subjects" in doc:
            group = "rbac.authorization.k8s.io"
            doc["subjects"].append({"kind": "User", "name": user, "apiGroup": group})
        client.apply(paths[doc["kind"]].format(doc["metadata"].get("namespace", "")), doc)


def wait_for_controllers(client: api.Client, *, timeout_s: float) -> None:
    """A ReplicaSet of none gets its status: the controller manager is at work."""
    base = "/apis/apps/v1/namespaces/default/replicasets"
    labels = {"app": "probe"}
    client.apply(
        base,
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": "probe"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "c", "image": "probe"}]},
                },
            },
        },
    )
    deadline = time.monotonic() + timeout_s
    while not client.call("GET", f"{base}/probe").get("status", {}).get("observedGeneration"):
        if time.monotonic() > deadline:
            raise TimeoutError("the controller manager does nothing")
        time.sleep(0.1)
    client.call("DELETE", f"{base}/probe")
