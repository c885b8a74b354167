"""Reads a kubeconfig as far as the tools of the tests need it: server, token, authority."""

import base64
import ssl
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``tls`` is False for a server that speaks plain HTTP."""

    server: str
    token: str
    tls: ssl.SSLContext | bool


def load(path: Path) -> Target:
    """The current context; refuses one that is not there with a KeyError."""
    config = yaml.safe_load(path.read_text())
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    tls = _tls(cluster, user=user, folder=path.parent)
    return Target(server=cluster["server"], token=user.get("token", ""), tls=tls)


def _named(items: list[dict], name: str) -> dict:
    return {item["name"]: item for item in items}[name]


def _tls(cluster: dict, *, user: dict, folder: Path) -> ssl.SSLContext | bool:
    if not cluster["server"].startswith("https"):
        return False
    context = ssl.create_default_context()
    if data := cluster.get("certificate-authority-data"):
        context.load_verify_locations(cadata=base64.b64decode(data).decode())
    elif name := cluster.get("certificate-authority"):
        context.load_verify_locations(folder / name)
    elif cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "client-certificate" in user:
        context.load_cert_chain(folder / user["client-certificate"], folder / user["client-key"])
    return context
