"""Where the programs of the control plane are, and how they are built from the Go module beside.

Standard library only: it runs before anything is installed. Nothing here starts the control plane.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster import peer

MODULE = Path(__file__).parent / "plane"
CACHE = Path(__file__).parents[2] / ".cache" / "plane"
ENABLE = "python3 dev.py plane"
VERSION = "v1.34.4"
PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
}
# Clients choke on the version string of a build without these stamps.
STAMPS = (
    "-s",
    "-w",
    f"-X k8s.io/component-base/version.gitVersion={VERSION}",
    "-X k8s.io/component-base/version.gitMajor=1",
    "-X k8s.io/component-base/version.gitMinor=34",
    f"-X k8s.io/client-go/pkg/version.gitVersion={VERSION}",
)


def folder() -> Path:
    """Named by what goes into the build, so that another go.mod is another folder."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        path = MODULE / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return CACHE / "bin" / digest.hexdigest()[:16]


def path(name: str) -> str:
    """The program of that name; only after ``missing()`` said nothing."""
    return str(folder() / name)


def missing() -> str | None:
    """Why the control plane cannot be started here, in one line; None if it can."""
    if absent := [name for name in PACKAGES if not (folder() / name).exists()]:
        go = "" if shutil.which("go") else "; Go is not installed"
        return f"the control plane is not built ({', '.join(absent)} missing{go}): {ENABLE}"
    if shutil.which("openssl") is None:
        return "openssl is not installed: apt-get install openssl"
    return None


def build() -> None:
    """Build what is missing, smallest first. About four minutes on two cores, once."""
    if shutil.which("go") is None:
        raise SystemExit("The control plane is built with Go 1.24 or newer, which is not on PATH.")
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    for name, package in PACKAGES.items():
        if not (target / name).exists():
            print(f"building {name} …", flush=True)
            _build_one(name=name, package=package, target=target)
    (CACHE / "bin" / "current").unlink(missing_ok=True)
    (CACHE / "bin" / "current").symlink_to(target.name)
    peer.build()


def _build_one(*, name: str, package: str, target: Path) -> None:
    # Renamed when it is whole: a build that was interrupted leaves nothing that looks built.
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        out = Path(scratch) / name
        command = ["go", "build", "-trimpath", "-ldflags", " ".join(STAMPS), "-o", str(out)]
        environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
        done = subprocess.run([*command, package], cwd=MODULE, env=environment, check=False)
        if done.returncode:
            raise SystemExit(f"go build {package} ended with {done.returncode}")
        out.rename(target / name)


if __name__ == "__main__":
    if "--check" in sys.argv:
        print(missing() or folder())
    else:
        build()
        print(folder())
