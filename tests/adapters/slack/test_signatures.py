"""Who is Slack: the signature, its age, two secrets, and everything a forger may try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk import signature as sdk

from bot.adapters.slack import signatures

NOW = 1_700_000_000.0
BODY = b"command=%2Frollout&text=list"
# The worked example of Slack's documentation.
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
EXAMPLE = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
    b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


def headers(secret=SECRET, body=BODY, at=NOW):
    stamp = str(int(at))
    return {
        signatures.TIMESTAMP: stamp,
        signatures.SIGNATURE: signatures.signature(secret, timestamp=stamp, body=body),
    }


def problem(sent, body=BODY, secrets=(SECRET,), now=NOW):
    return signatures.forged(sent, body, secrets=secrets, now=now)


def test_signature_is_what_slacks_documentation_computes():
    found = signatures.signature(SECRET, timestamp="1531420618", body=EXAMPLE)
    assert found == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


@given(body=st.text(max_size=300).map(str.encode), secret=st.from_regex(r"[ -~]*[!-~]+", fullmatch=True))
def test_signature_is_what_the_sdk_makes_of_any_body(body, secret):
    theirs = sdk.SignatureVerifier(secret).generate_signature(timestamp="17", body=body)
    assert signatures.signature(secret, timestamp="17", body=body) == theirs


def test_request_is_slacks_when_it_is_signed_and_fresh():
    assert problem(headers()) == ""


@pytest.mark.parametrize(("age", "good"), [(0, 1), (300, 1), (301, 0), (-300, 1), (-301, 0)])
def test_request_counts_within_five_minutes_either_way(age, good):
    assert (problem(headers(at=NOW - age)) == "") is bool(good)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({signatures.SIGNATURE: None}, "not signed"),
        ({signatures.SIGNATURE: ""}, "not signed"),
        ({signatures.SIGNATURE: "v0="}, "another secret"),
        ({signatures.SIGNATURE: "v0=" + "é" * 64}, "another secret"),
        ({signatures.TIMESTAMP: None}, "no number"),
        ({signatures.TIMESTAMP: "soon"}, "no number"),
        ({signatures.TIMESTAMP: "-1700000000"}, "no number"),
        ({signatures.TIMESTAMP: "1e9"}, "no number"),
        ({signatures.TIMESTAMP: "١٧٠٠٠٠٠٠٠٠"}, "no number"),
        ({signatures.TIMESTAMP: "9" * 5000}, "no number"),
        ({signatures.TIMESTAMP: str(int(NOW) + 1)}, "another secret"),
    ],
)
def test_request_is_refused_when_its_headers_are_wrong(change, because):
    sent = {name: value for name, value in (headers() | change).items() if value is not None}
    assert because in problem(sent)


def test_request_is_refused_when_one_byte_of_its_body_changed():
    assert "another secret" in problem(headers(), body=BODY + b" ")


def test_request_counts_with_the_old_secret_only_while_it_is_given():
    old = headers(secret="the old one")
    assert problem(old, secrets=(SECRET, "the old one")) == ""
    assert "another secret" in problem(old, secrets=(SECRET,))
    assert problem(headers(), secrets=(SECRET, "the old one")) == ""


def test_request_is_refused_when_no_secret_is_set():
    assert "another secret" in problem(headers(secret=""), secrets=("",))
    assert "another secret" in problem(headers(secret=""), secrets=())
