"""The processes of the control plane: their flags, their start and their end.

What is put into the cluster once it runs is in ``contents``.
"""

import ctypes
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import binaries

ROOT = Path(__file__).parents[2]
STOP_S = 5.0
CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "replicaset-controller",
    "deployment-controller",
    "job-controller",
    "disruption-controller",
)
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted, Panic]
rules:
  - level: None
    verbs: [get, list, watch]
  - level: Metadata
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """``port`` is the API server's."""

    folder: Path
    port: int
    audit_log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def etcd(layout: Layout, *, port: int) -> list[str]:
    peer = f"http://127.0.0.1:{free_port()}"
    client = f"http://127.0.0.1:{port}"
    return [
        binaries.path("etcd"),
        f"--data-dir={layout.folder / 'etcd'}",
        "--unsafe-no-fsync",
        "--log-level=error",
        "--name=plane",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=plane={peer}",
    ]


def apiserver(layout: Layout, *, etcd_port: int) -> list[str]:
    """Makes its own certificate; the key of service accounts is made here."""
    key, public = layout.folder / "sa.key", layout.folder / "sa.pub"
    _openssl("genrsa", "-out", str(key), "2048")
    _openssl("rsa", "-in", str(key), "-pubout", "-out", str(public))
    policy = layout.folder / "audit-policy.yaml"
    policy.write_text(AUDIT_POLICY)
    return [
        binaries.path("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--etcd-compaction-interval=0",
        f"--cert-dir={layout.folder / 'pki'}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.port}",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={public}",
        f"--token-auth-file={layout.folder / 'tokens.csv'}",
        # AlwaysAllow would turn anonymous access off and prove nothing of our rights.
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        "--profiling=false",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={layout.audit_log}",
    ]


def controller_manager(layout: Layout, *, kubeconfig: Path) -> list[str]:
    return [
        binaries.path("kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        f"--cert-dir={layout.folder / 'manager'}",
        "--bind-address=127.0.0.1",
        f"--secure-port={free_port()}",
        "--leader-elect=false",
        # Its default of 20 requests a second would be the limit of every benchmark.
        "--kube-api-qps=400",
        "--kube-api-burst=800",
        f"--controllers={','.join(CONTROLLERS)}",
        "--profiling=false",
    ]


def kubelet(kubeconfig: Path, *, ready_s: float) -> list[str]:
    module = [sys.executable, "-m", "tests.cluster.fake_kubelet"]
    return [*module, "--kubeconfig", str(kubeconfig), "--ready-s", str(ready_s)]


class Group:
    """Processes that are started one by one and end together, last first."""

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    def check(self) -> None:
        """Raise with the end of its log if a process has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                log = (self._folder / f"{name}.log").read_text(errors="replace")
                raise RuntimeError(f"{name} ended with {process.returncode}:\n{log[-2000:]}")

    def stop(self) -> None:
        for process in reversed(list(self._running.values())):
            process.terminate()
        for process in reversed(list(self._running.values())):
            # The API server waits for open watches; nothing of it is needed any more.
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_S)
        self._running.clear()


def _end_with_parent() -> None:
    """A test session that is killed must not leave an API server behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
