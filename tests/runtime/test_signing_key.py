"""The key of approvals: made once, read ever after, and what happens where it cannot be had."""

import base64

import pytest

from bot.model import errors, ports
from bot.runtime import signing_key

GOOD = base64.b64encode(b"k" * 32).decode()


class Api:
    """One Secret, or the errors that the test puts in the way."""

    def __init__(self, secret=None):
        self.secret, self.refuse, self.faster, self.writes = secret, {}, None, []

    async def get(self, ref, *, urgent=False):
        if "get" in self.refuse:
            raise self.refuse["get"]
        if self.secret is None:
            raise errors.NotFound("none")
        return self.secret

    async def write(self, write):
        self.writes.append(write)
        if "write" in self.refuse:
            raise self.refuse["write"]
        if self.faster is not None:
            self.secret = self.faster
            raise errors.AlreadyExists("there")
        self.secret = write.body
        return write.body


def secret(text):
    return {"data": {"key": text}}


async def loaded(api, **more):
    made = signing_key.SigningKey(api=api, namespace="bots", fresh=lambda n: b"f" * n, **more)
    await made.load()
    return made


async def test_key_is_made_at_the_first_start_and_read_after():
    api = Api()
    assert (await loaded(api)).get() == b"f" * 32
    (write,) = api.writes
    assert (write.ref.kind, write.ref.namespace, write.ref.name) == (
        ports.SECRET, "bots", "rollout-bot-signing-key",
    )  # fmt: skip
    assert (await loaded(api)).get() == b"f" * 32
    assert len(api.writes) == 1


async def test_key_of_the_faster_replica_counts():
    api = Api()
    api.faster = secret(GOOD)
    assert (await loaded(api)).get() == b"k" * 32


@pytest.mark.parametrize(
    ("refuse", "there"),
    [
        ({"get": errors.Forbidden("get secrets")}, secret(GOOD)),
        ({"get": errors.Unavailable("away")}, secret(GOOD)),
        ({"write": errors.Forbidden("create secrets")}, None),
        ({}, secret("")),
        ({}, secret("!!!")),
        ({}, secret(base64.b64encode(b"short").decode())),
        ({}, {"data": None}),
    ],
)
async def test_key_that_cannot_be_had_is_said_once_and_never_shown(refuse, there, caplog):
    api = Api(there)
    api.refuse = refuse
    made = await loaded(api)
    await made.load()
    assert made.get() is None
    assert len(caplog.records) == 1
    assert "stay shut until that is mended; aborts work" in caplog.text
    assert GOOD not in caplog.text
    assert "kkk" not in repr(await loaded(Api(secret(GOOD))))


async def test_key_is_not_made_by_who_only_looks_on():
    api = Api()
    assert (await loaded(api, make=False)).get() is None
    assert api.writes == []
