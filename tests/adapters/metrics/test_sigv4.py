"""Requests signed for AWS: the published vectors, where keys come from, and what is never shown."""

import json
import time
from pathlib import Path

import pytest
from aiohttp import web

from bot.adapters.metrics import aws_keys, prometheus, sigv4
from bot.model import ports
from tests.adapters.metrics.conftest import NOW, serve, success

KEYS = sigv4.Keys(access="AKIDEXAMPLE", secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
VECTORS = {
    # Of AWS' own test suite for signature version 4.
    "get-vanilla": (
        "GET",
        "/",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-vanilla-query-order-key-case": (
        "GET",
        "/?Param2=value2&Param1=value1",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "post-vanilla": (
        "POST",
        "/",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
}
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "one", "AWS_SECRET_ACCESS_KEY": "s3cret"}
LENT = {"AccessKeyId": "lent", "SecretAccessKey": "lents3cret", "SessionToken": "t0ken"}


@pytest.mark.parametrize("case", VECTORS)
def test_signature_is_that_of_the_published_vector(case):
    method, path, signature = VECTORS[case]
    signer = sigv4.Signer(
        keys=KEYS, region="us-east-1", service="service", now=lambda: "20150830T123600Z"
    )
    told = signer.headers(method=method, url=f"https://example.amazonaws.com{path}")
    assert told["X-Amz-Date"] == "20150830T123600Z"
    assert told["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


def test_keys_show_no_secret_when_they_are_printed():
    keys = sigv4.Keys(access="one", secret="s3cret", token="t0ken")
    assert "s3cret" not in repr(keys)
    assert "t0ken" not in repr(sigv4.Signer(keys=keys, region="eu-west-1"))


class Aws:
    """A managed Prometheus, the token service and a container's credentials in one."""

    def __init__(self):
        self.queries, self.forms, self.status = [], [], 200

    async def answer(self, request):
        if request.path == "/sts":
            form = dict(await request.post())
            self.forms.append((form, request.headers.get("Authorization", "")))
            action = form["Action"]
            lent = {**LENT, "Expiration": time.time() + 3600}
            body = {f"{action}Response": {f"{action}Result": {"Credentials": lent}}}
            return web.json_response(body, status=self.status)
        if request.path == "/container":
            assert request.headers["Authorization"] == "pod"
            return web.json_response({**LENT, "Token": "t0ken"})
        self.queries.append((request.raw_path, request.headers))
        return web.Response(
            text=success("vector", [{"metric": {}, "value": [1, "1"]}]),
            content_type="application/json",
        )


@pytest.fixture
async def aws():
    made = Aws()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.answer)
    runner, made.address = await serve(app)
    yield made
    await runner.cleanup()


def config(aws, *, path="aps-workspaces/ws-1", **sigv4_settings):
    return {
        "address": f"{aws.address}/{path}",
        "query": 'sum(up{a="b c"}) + 1',
        "authentication": {"sigv4": sigv4_settings},
    }


async def asked(aws, environment, **how):
    provider = prometheus.Prometheus(aws=environment)
    try:
        await provider.sample(config(aws, **how), now=NOW)
    finally:
        await provider.close()
    return aws.queries[-1]


@pytest.mark.row(94)
async def test_query_is_signed_when_its_address_is_a_managed_prometheus(aws):
    path, headers = await asked(aws, ENVIRONMENT, region="eu-west-1")
    assert "+" not in path, "a plus is no blank to AWS"
    again = sigv4.Signer(
        keys=sigv4.Keys(access="one", secret="s3cret"),
        region="eu-west-1",
        now=lambda: headers["X-Amz-Date"],
    )
    assert headers["Authorization"] == (
        again.headers(method="GET", url=f"{aws.address}{path}")["Authorization"]
    )
    assert "/eu-west-1/aps/aws4_request" in headers["Authorization"]


async def test_query_is_not_signed_when_its_address_is_any_other(aws):
    _, headers = await asked(aws, ENVIRONMENT, path="prometheus", region="eu-west-1")
    assert "Authorization" not in headers


async def test_region_is_that_of_the_environment_when_the_metric_names_none(aws):
    _, headers = await asked(aws, {**ENVIRONMENT, "AWS_REGION": "us-west-2"})
    assert "/us-west-2/aps/" in headers["Authorization"]


@pytest.mark.parametrize("by", ["profile", "default", "pod", "container", "role"])
async def test_keys_come_from_where_aws_own_library_finds_them(aws, tmp_path: Path, by):
    file, token = tmp_path / "credentials", tmp_path / "token"
    text = "[{}]\naws_access_key_id = filed\naws_secret_access_key = x%y\n"
    token.write_text("pod\n")
    environments = {
        "profile": {**ENVIRONMENT, "AWS_SHARED_CREDENTIALS_FILE": str(file)},
        "default": {"AWS_SHARED_CREDENTIALS_FILE": str(file)},
        "pod": {
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_ROLE_ARN": "arn:pod",
            "AWS_ENDPOINT_URL_STS": f"{aws.address}/sts",
        },
        "container": {
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{aws.address}/container",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
        },
        "role": {**ENVIRONMENT, "AWS_ENDPOINT_URL_STS": f"{aws.address}/sts"},
    }
    file.write_text(text.format("mine" if by == "profile" else "default"))
    how = {"profile": {"profile": "mine"}, "role": {"roleArn": "arn:other"}}.get(by, {})
    _, headers = await asked(aws, environments[by], region="eu-west-1", **how)
    lent = by in {"pod", "container", "role"}
    assert f"Credential={'lent' if lent else 'filed'}/" in headers["Authorization"]
    assert headers.get("X-Amz-Security-Token") == ("t0ken" if lent else None)
    if by == "pod":
        ((form, signed),) = aws.forms
        assert (form["RoleArn"], form["WebIdentityToken"], signed) == ("arn:pod", "pod", "")
    if by == "role":
        ((form, signed),) = aws.forms
        assert form["RoleArn"] == "arn:other"
        assert "Credential=one/" in signed
        assert "/eu-west-1/sts/aws4_request" in signed


async def test_lent_keys_are_asked_for_once_while_they_last(aws):
    signers = aws_keys.Signers({**ENVIRONMENT, "AWS_ENDPOINT_URL_STS": f"{aws.address}/sts"})
    wanted = config(aws, region="eu-west-1", roleArn="arn:other")
    assert await signers.signer(wanted) == await signers.signer(wanted)
    assert len(aws.forms) == 1


@pytest.mark.parametrize(
    ("environment", "how", "words"),
    [
        ({}, {}, "sigv4: no region: set authentication.sigv4.region"),
        ({}, {"region": "x"}, "sigv4: no keys: neither AWS_ACCESS_KEY_ID"),
        ({"AWS_ACCESS_KEY_ID": "one"}, {"region": "x"}, "sigv4: no keys: KeyError"),
        ({}, {"region": "x", "profile": "mine"}, "sigv4: no keys: FileNotFoundError"),
        (ENVIRONMENT, {"region": "x", "roleArn": "arn:no"}, "sigv4: no keys: status 403"),
    ],
)
async def test_measurement_says_what_is_missing_when_there_are_no_keys(
    aws, tmp_path, environment, how, words
):
    aws.status = 403
    nowhere = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_ENDPOINT_URL_STS": f"{aws.address}/sts",
    }
    with pytest.raises(ports.MetricError, match=words) as caught:
        await asked(aws, {**nowhere, **environment}, **how)
    assert "s3cret" not in json.dumps([str(caught.value), caught.value.metadata])
    assert not aws.queries
