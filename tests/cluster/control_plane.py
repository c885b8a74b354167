"""Starts and stops a real control plane on loopback, with our kinds and Istio's installed.

python -m tests.cluster.control_plane --keep [--port P] [--folder D] [--no-kubelet]

etcd, kube-apiserver, kube-controller-manager and the fake kubelet, each a process of its own, in
a folder of its own, on free ports. The flags of the processes are in ``processes``, what is
installed into the cluster is in ``contents``.
"""

import argparse
import atexit
import contextlib
import functools
import json
import secrets
import shutil
import signal
import ssl
import tempfile
import threading
import time
import urllib.error
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from tests.cluster import api, binaries, contents, processes

ADMIN, BOT = "admin", "rollout-bot"
START_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``port`` 0 takes a free one; ``ready_s`` is how long a pod needs to get ready."""

    folder: Path | None = None
    port: int = 0
    kubelet: bool = True
    ready_s: float = 1.0


class ControlPlane:
    """``with ControlPlane() as plane``: blocking, for a session fixture or a tool.

    ``kubeconfig`` speaks as system:masters (context ``admin``), ``bot_kubeconfig`` as a user with
    only the rights of manifests/ (context ``rollout-bot``). Each file holds both contexts.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._own_folder = self._settings.folder is None
        self.folder = self._settings.folder or Path(tempfile.mkdtemp(prefix="plane-"))
        self.port = self._settings.port or processes.free_port()
        self.server = f"https://127.0.0.1:{self.port}"
        self.token = secrets.token_hex(16)
        self.bot_token = secrets.token_hex(16)
        self.audit_log = self.folder / "audit.log"
        self.kubeconfig = self.folder / "kubeconfig"
        self.bot_kubeconfig = self.folder / "bot.kubeconfig"
        self._running = processes.Group(folder=self.folder)

    @property
    def client(self) -> api.Client:
        """Speaks as system:masters."""
        return self._client(self.token)

    @property
    def bot_client(self) -> api.Client:
        """Speaks as a user with only the rights of manifests/."""
        return self._client(self.bot_token)

    @property
    def kubectl(self) -> list[str]:
        """The start of a kubectl command line."""
        return [binaries.path("kubectl"), "--kubeconfig", str(self.kubeconfig)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when the API server is ready, our kinds are served and controllers run."""
        if reason := binaries.missing():
            raise RuntimeError(reason)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all processes; delete the folder if it was made here."""
        self._running.stop()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_tokens()
        layout = processes.Layout(folder=self.folder, port=self.port, audit_log=self.audit_log)
        etcd_port = processes.free_port()
        self._running.start("etcd", processes.etcd(layout, port=etcd_port))
        self._running.start("kube-apiserver", processes.apiserver(layout, etcd_port=etcd_port))
        self._until_ready()
        self._write_kubeconfigs()
        # Before the controller manager: its garbage collector learns later kinds only at a resync.
        contents.install_kinds(self.client)
        manager = processes.controller_manager(layout, kubeconfig=self.kubeconfig)
        self._running.start("kube-controller-manager", manager)
        contents.install_rights(self.client, user=BOT)
        if self._settings.kubelet:
            command = processes.kubelet(self.kubeconfig, ready_s=self._settings.ready_s)
            self._running.start("fake-kubelet", command)
        contents.wait_for_controllers(self.client, timeout_s=START_S)

    def _until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self._running.check()
            with contextlib.suppress(OSError, api.Refused, urllib.error.URLError, ssl.SSLError):
                if self.client.text("GET", "/readyz") == "ok":
                    return
            time.sleep(0.1)
        raise TimeoutError(f"the API server is not ready after {START_S:.0f} s")

    def _client(self, token: str) -> api.Client:
        certificate = self.folder / "pki" / "apiserver.crt"
        return api.Client(server=self.server, token=token, authority=str(certificate))

    def _write_tokens(self) -> None:
        rows = [
            f'{self.token},{ADMIN},{ADMIN},"system:masters"',
            f"{self.bot_token},{BOT},{BOT}",
        ]
        (self.folder / "tokens.csv").write_text("\n".join(rows) + "\n")

    def _write_kubeconfigs(self) -> None:
        tokens = {ADMIN: self.token, BOT: self.bot_token}
        for path, current in ((self.kubeconfig, ADMIN), (self.bot_kubeconfig, BOT)):
            config = contents.kubeconfig(
                server=self.server,
                authority=(self.folder / "pki" / "apiserver.crt").read_bytes(),
                tokens=tokens,
                current=current,
            )
            path.write_text(yaml.safe_dump(config))
            path.chmod(0o600)


@functools.cache
def shared() -> ControlPlane:
    """The one plane of this process, for all its tests; ends with the process."""
    plane = ControlPlane()
    atexit.register(plane.stop)
    plane.start()
    return plane


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="stay until interrupted")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--no-kubelet", action="store_true", help="leave the pods to others")
    parser.add_argument("--ready-s", type=float, default=1.0)
    given = parser.parse_args()
    if reason := binaries.missing():
        raise SystemExit(reason)
    settings = Settings(
        folder=given.folder,
        port=given.port,
        kubelet=not given.no_kubelet,
        ready_s=given.ready_s,
    )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ControlPlane(settings) as plane:
        facts = {
            "server": plane.server,
            "token": plane.token,
            "bot_token": plane.bot_token,
            "kubeconfig": str(plane.kubeconfig),
            "bot_kubeconfig": str(plane.bot_kubeconfig),
            "audit": str(plane.audit_log),
            "kubectl": " ".join(plane.kubectl),
        }
        print(json.dumps(facts, indent=1), flush=True)
        if given.keep:
            stopped.wait()


if __name__ == "__main__":
    main()
