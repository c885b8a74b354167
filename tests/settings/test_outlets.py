"""The settings of a pager and of webhooks: what is wrong is named, no secret is shown."""

import pytest

from bot import settings
from bot.model import errors, feed

ENV = {"PAGERDUTY_ROUTING_KEY": "secret-key", "HOOK": "secret-hook"}
HOOK = "webhooks: [{url: 'https://ci.example/secret-path', secretEnv: HOOK%s}]"


def build(tmp_path, text, environment=ENV):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    return settings.build({"config": str(path)}, environment=environment)


def test_settings_take_the_pager_from_the_environment_alone():
    made = settings.build({}, environment=ENV)
    assert made.pager.routing_key.reveal() == "secret-key"
    assert made.pager.url.reveal() == "https://events.pagerduty.com/v2/enqueue"
    assert settings.build({}, environment={}).pager is None


def test_settings_give_a_webhook_the_usual_events_where_none_are_named(tmp_path):
    (hook,) = build(tmp_path, HOOK % "").webhooks
    assert hook.on == {
        feed.Kind.SHIPPED, feed.Kind.NEEDS_APPROVAL, feed.Kind.ROLLED_BACK,
        feed.Kind.RECOVERED, feed.Kind.DONE,
    }
    (hook,) = build(tmp_path, HOOK % ", on: [paused], namespaces: [shop]").webhooks
    assert (hook.on, hook.namespaces) == ({feed.Kind.PAUSED}, ("shop",))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (HOOK % ", on: [finished]", "webhooks[0].on[0]: 'finished' is none of"),
        ("webhooks: [{url: 'ftp://x/secret-path', secretEnv: HOOK}]", "webhooks[0].url: not an address"),
        ("webhooks: [{url: 'https://x', secretEnv: NOPE}]", "the environment has no NOPE"),
        ("webhooks: [{url: 'https://x'}]", "secretEnv"),
        ("pager: {severity: bad}", "pager.severity: 'bad' is none of critical"),
        ("pager: {routingKeyEnv: NOPE}", "pager.routingKeyEnv: the environment has no NOPE"),
        ("messageBudget: 0", "messageBudget"),
        (
            "webhooks: [{url: 'https://x', secretEnv: HOOK}, {url: 'https://x', secretEnv: HOOK}]",
            "webhooks[1].url: stands in the list already",
        ),
    ],
)
def test_settings_name_what_is_wrong_and_show_no_secret(tmp_path, text, named):
    with pytest.raises(errors.UserError) as raised:
        build(tmp_path, text)
    assert named in raised.value.sentence
    assert "secret-" not in raised.value.sentence


def test_settings_show_no_secret_when_they_are_printed(tmp_path):
    assert "secret-" not in repr(build(tmp_path, HOOK % ""))
