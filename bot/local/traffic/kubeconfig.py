"""Reads a kubeconfig as far as the stage needs it: server, authority, token or certificate.

Credential plugins are not run: a stage that needs them is started with a token.
"""

import base64
import dataclasses
import ssl
import tempfile
from pathlib import Path
from typing import Any

import yaml

from bot.local.traffic import errors


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``tls`` is None for a server that speaks plain HTTP."""

    server: str
    token: str | None
    tls: ssl.SSLContext | None


def load(path: str | Path) -> Target:
    """The current context of the file."""
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        name = document["current-context"]
        context = _named(document, section="contexts", name=name)["context"]
        cluster = _named(document, section="clusters", name=context["cluster"])["cluster"]
        server = str(cluster["server"]).rstrip("/")
        user = _user(document, name=context.get("user"))
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise errors.BadKubeconfig(f"{path}: {type(error).__name__}: {error}") from error
    folder = Path(path).parent
    tls = _tls(cluster=cluster, user=user, folder=folder) if server.startswith("https") else None
    return Target(server=server, token=_token(user=user, folder=folder), tls=tls)


def _named(document: dict[str, Any], *, section: str, name: str) -> dict[str, Any]:
    for entry in document.get(section) or []:
        if entry.get("name") == name:
            return dict(entry)
    raise LookupError(f"no entry {name!r} in {section}")


def _user(document: dict[str, Any], *, name: str | None) -> dict[str, Any]:
    return dict(_named(document, section="users", name=name).get("user") or {}) if name else {}


def _token(*, user: dict[str, Any], folder: Path) -> str | None:
    if "tokenFile" in user:
        return Path(folder / user["tokenFile"]).read_text(encoding="utf-8").strip()
    return str(user["token"]) if user.get("token") else None


def _tls(*, cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _content(cluster, key="certificate-authority", folder=folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate = _content(user, key="client-certificate", folder=folder)
    key = _content(user, key="client-key", folder=folder)
    if certificate and key:
        # The ssl module takes files only; mode 0600, and gone as soon as they are read.
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _content(entry: dict[str, Any], *, key: str, folder: Path) -> bytes | None:
    if data := entry.get(f"{key}-data"):
        return base64.b64decode(data)
    if name := entry.get(key):
        return Path(folder / name).read_bytes()
    return None
