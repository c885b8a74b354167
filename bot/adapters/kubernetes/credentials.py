"""Where the API server is and how we prove who we are, by the official client's configuration.

Belongs here: loading a kubeconfig or the pod's own account, the Authorization header, reload.
Does not belong here: requests (``session``).
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kubernetes.aio import client, config

from bot.model import errors

if TYPE_CHECKING:
    import ssl

log = logging.getLogger(__name__)

OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
RELOAD_TIMEOUT_S = 15.0
RELOAD_PAUSE_S = 10.0
"""A credential that stays bad must not run its exec plugin once a request."""


def namespace_of(kubeconfig: str, context: str) -> str:
    """The namespace that a context means, "default" where it names none.

    Raises:
        errors.UserError: there is no such context, or the kubeconfig cannot be read.

    """
    if OWN_NAMESPACE.exists() and not (kubeconfig or os.environ.get("KUBECONFIG")):
        return OWN_NAMESPACE.read_text(encoding="utf-8").strip()
    try:
        contexts, current = config.list_kube_config_contexts(kubeconfig or None)
    except Exception as error:  # a kubeconfig can be wrong in every way there is
        where = kubeconfig or "the default kubeconfig"
        raise errors.UserError(f"cannot use {where}: {error}", path="kubeconfig") from error
    known = {one.get("name"): one for one in contexts}
    if context and context not in known:
        raise errors.UserError(
            f'there is no context "{context}"; the kubeconfig has {", ".join(map(str, known))}',
            path="--context",
        )
    chosen = known[context] if context else current or {}
    return str((chosen.get("context") or {}).get("namespace") or "default")


class Credentials:
    """One cluster's address, TLS context and token. ``load()`` before anything else."""

    def __init__(
        self,
        *,
        kubeconfig: str = "",
        context: str = "",
        in_cluster: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._in_cluster = in_cluster
        self._monotonic = monotonic
        self._configuration = client.Configuration()
        self._reloading = asyncio.Lock()
        self._reloaded_at: float | None = None
        self.ssl_context: ssl.SSLContext | None = None

    @property
    def host(self) -> str:
        """Scheme, address and base path, without a slash at the end."""
        return str(self._configuration.host).rstrip("/")

    @property
    def proxy(self) -> str | None:
        return self._configuration.proxy or None

    @property
    def server_hostname(self) -> str | None:
        return self._configuration.tls_server_name or None

    async def load(self) -> None:
        """Read the configuration.

        Raises:
            UserError: there is none, or it cannot be used; the text says which one.

        """
        where = "the pod's service account" if self._in_cluster else self._kubeconfig
        try:
            async with asyncio.timeout(RELOAD_TIMEOUT_S):
                loaded = await self._read()
            self._trust(loaded)
        except Exception as error:  # a kubeconfig can be wrong in every way there is
            # The package says of a file that is not there that it lacks a key.
            gone = self._kubeconfig and not any(map(Path.exists, self._files()))
            why = "there is no such file" if gone else error
            sentence = f"cannot use {where or 'the default kubeconfig'}: {why}"
            raise errors.UserError(sentence, path="kubeconfig") from error
        self._configuration = loaded

    def _files(self) -> list[Path]:
        return [Path(name) for name in self._kubeconfig.split(os.pathsep)]

    async def _read(self) -> client.Configuration:
        # trust_env would cost two thread hops a request (netrc, proxy).
        loaded = client.Configuration(client_session_kwargs={"trust_env": False})
        if self._in_cluster:
            config.load_incluster_config(client_configuration=loaded)
        else:
            await config.load_kube_config(
                config_file=self._kubeconfig or None,
                context=self._context or None,
                client_configuration=loaded,
                persist_config=False,
            )
        return loaded

    def _trust(self, loaded: client.Configuration) -> None:
        """Build the TLS context once; a reload only adds a renewed certificate to it."""
        if not str(loaded.host).startswith("https"):
            return
        if self.ssl_context is None:
            self.ssl_context = client.ApiClient(loaded).rest_client.ssl_context
        elif loaded.cert_file:
            self.ssl_context.load_cert_chain(loaded.cert_file, keyfile=loaded.key_file)

    async def authorization(self) -> str:
        """Return the header for the next request, empty where a certificate speaks for us.

        Asked per request: a pod's token is read anew once it is a minute old.
        """
        settings = await self._configuration.auth_settings()
        bearer = settings.get("BearerToken")
        return str(bearer["value"] or "").strip() if bearer else ""

    async def renew(self, *, refused: str) -> None:
        """Load again after a 401, unless another request already did or it was just tried."""
        async with self._reloading:
            if await self.authorization() != refused:
                return
            now = self._monotonic()
            if self._reloaded_at is not None and now - self._reloaded_at < RELOAD_PAUSE_S:
                return
            self._reloaded_at = now
            try:
                await self.load()
            except errors.UserError as error:  # the 401 stands, the old credentials too
                log.warning("credentials were refused and cannot be renewed: %s", error)
