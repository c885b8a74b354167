"""Who the providers say they are, and whom they believe: OAuth tokens, certificates."""

import shlex
import shutil
import ssl
import subprocess

import pytest
from aiohttp import encode_basic_auth, web

from bot.adapters import metrics
from bot.core import jsonpath
from bot.model import ports
from tests.adapters.metrics.conftest import NOW, serve, success


class Issuer:
    """Gives tokens to the client "me"; ``only_form`` is a server that knows no Basic."""

    def __init__(self):
        self.forms, self.only_form, self.answer = [], False, {"token_type": "bearer"}

    async def token(self, request):
        form = dict(await request.post())
        basic = request.headers.get("Authorization", "")
        known = basic == encode_basic_auth("me", "s3cret") and not self.only_form
        if not known and form.get("client_secret") != "s3cret":
            return web.Response(status=401)
        self.forms.append(form)
        return web.json_response({"access_token": f"t{len(self.forms)}", **self.answer})


class Backend:
    """A Prometheus and a web endpoint in one; keeps the Authorization headers."""

    def __init__(self):
        self.seen = []

    async def answer(self, request):
        self.seen.append(request.headers.get("Authorization"))
        sample = [{"metric": {}, "value": [1, "1"]}]
        return web.Response(text=success("vector", sample), content_type="application/json")


def app_of(handler):
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    return app


@pytest.fixture
async def issuer():
    made = Issuer()
    runner, made.address = await serve(app_of(made.token))
    yield made
    await runner.cleanup()


@pytest.fixture
async def backend():
    made = Backend()
    runner, made.address = await serve(app_of(made.answer))
    yield made
    await runner.cleanup()


@pytest.fixture(params=["prometheus", "web"])
async def provider(request):
    settings = metrics.Settings(find=jsonpath.find, find_error=jsonpath.JsonPathError)
    made = metrics.build(settings)
    yield made[request.param]
    for one in made.values():
        await one.close()


def asking(provider, address, **more):
    where = (
        {"address": address, "query": "up"} if provider.name == "prometheus" else {"url": address}
    )
    return {**where, **more}


def oauth(issuer, **more):
    client = {"tokenUrl": issuer.address, "clientId": "me", "clientSecret": "s3cret", **more}
    return {"authentication": {"oauth2": client}}


@pytest.mark.row(94, 95)
async def test_provider_fetches_one_token_for_many_measurements(provider, issuer, backend):
    config = asking(provider, backend.address, **oauth(issuer, scopes=["a", "b"]))
    for _ in range(3):
        await provider.sample(config, now=NOW)
    assert issuer.forms == [{"grant_type": "client_credentials", "scope": "a b"}]
    assert backend.seen == ["Bearer t1"] * 3


async def test_provider_fetches_a_new_token_when_the_old_one_expires(provider, issuer, backend):
    issuer.answer = {"expires_in": 5}
    config = asking(provider, backend.address, **oauth(issuer))
    for _ in range(2):
        await provider.sample(config, now=NOW)
    assert backend.seen == ["Bearer t1", "Bearer t2"]


async def test_provider_sends_the_secret_in_the_form_when_the_server_wants_it_so(
    provider, issuer, backend
):
    issuer.only_form = True
    await provider.sample(asking(provider, backend.address, **oauth(issuer)), now=NOW)
    assert issuer.forms[0]["client_id"] == "me"
    assert backend.seen == ["Bearer t1"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clientSecret": "wrong"}, "cannot fetch token: status 401"),
        ({"clientSecret": ""}, "missing mandatory parameter in metric for OAuth2 setup"),
        ({"tokenUrl": "nowhere"}, "tokenUrl or scopes cannot be used"),
        ({"scopes": "a"}, "tokenUrl or scopes cannot be used"),
    ],
)
async def test_provider_asks_nothing_when_there_is_no_token(
    provider, issuer, backend, change, words
):
    with pytest.raises(ports.MetricError, match=words):
        await provider.sample(
            asking(provider, backend.address, **oauth(issuer, **change)), now=NOW
        )
    assert backend.seen == []


@pytest.mark.parametrize("answer", [{"access_token": None}, {"expires_in": "soon"}])
async def test_provider_says_so_when_the_token_cannot_be_used(provider, issuer, backend, answer):
    issuer.answer = answer
    with pytest.raises(ports.MetricError, match="the answer holds none"):
        await provider.sample(asking(provider, backend.address, **oauth(issuer)), now=NOW)
    assert backend.seen == []


@pytest.fixture
async def secure(tmp_path):
    """The backend behind a certificate that nobody has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
    words = shlex.split(f"{command} -subj /CN=localhost -keyout {key} -out {certificate}")
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    made = Backend()
    runner = web.AppRunner(app_of(made.answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    made.address = f"https://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_provider_believes_no_unsigned_certificate_unless_told_to(provider, secure):
    with pytest.raises(ports.MetricError, match=r"(?i)certificate"):
        await provider.sample(asking(provider, secure.address), now=NOW)
    await provider.sample(asking(provider, secure.address, insecure=True), now=NOW)
    assert len(secure.seen) == 1
