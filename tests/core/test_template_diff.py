"""Two pod templates side by side, in words that give no value away."""

import pytest

from bot.core import template_diff

SECRET = "hunter2-marker"


def template(**container):
    return {"spec": {"containers": [{"name": "app", "image": "a", **container}]}}


def env(**values):
    return [{"name": name, "value": value} for name, value in values.items()]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (template(), template(image="b"), ()),
        (template(), template(env=env(RETRIES=SECRET)), ("env +RETRIES",)),
        (template(env=env(A="1", B="2")), template(env=env(A=SECRET)), ("env -B", "env A changed")),
        (
            template(resources={"requests": {"cpu": "100m"}}),
            template(resources={"requests": {"cpu": "200m"}, "limits": {"memory": "1Gi"}}),
            ("cpu request 100m → 200m", "memory limit none → 1Gi"),
        ),
        (template(args=["a"]), template(args=[SECRET]), ("args changed",)),
        (template(), template(readinessProbe={"httpGet": {}}), ("readinessProbe changed",)),
        (
            template(),
            {"spec": {"containers": [*template()["spec"]["containers"], {"name": "side"}]}},
            ("container +side",),
        ),
        (
            {"spec": {}},
            {"spec": {"volumes": [{"name": "v"}], "serviceAccountName": "x"}},
            ("volume +v", "serviceAccountName changed"),
        ),
        (
            {"metadata": {"annotations": {"a": "1"}}},
            {"metadata": {"annotations": {"a": SECRET}, "labels": {}}},
            ("pod annotations changed",),
        ),
        ({"spec": {"containers": 7}}, {"spec": None}, ()),
    ],
)
def test_change_is_said_in_a_few_words_and_without_a_value(before, after, said):
    found = template_diff.changes(before, after)
    assert found == said
    assert SECRET not in str(found)


def test_container_is_named_where_there_are_several():
    def two(**more):
        return {"spec": {"containers": [{"name": "app", **more}, {"name": "side"}]}}

    assert template_diff.changes(two(), two(env=env(A="1"))) == ("app: env +A",)


def test_changes_are_bounded():
    many = template(env=env(**{f"E{number}": "1" for number in range(500)}))
    assert len(template_diff.changes(template(), many)) == template_diff.MOST
