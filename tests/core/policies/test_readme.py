"""The example of the README is a policy file, and says what the text beside it says."""

import re
from pathlib import Path

from bot.adapters import policy_file
from bot.core.policies import codec, resolve
from bot.model import policy

README = Path(__file__).parents[3] / "README.md"


def example():
    (text,) = re.findall(r"^```yaml policy\n(.*?)^```", README.read_text(), re.S | re.M)
    return codec.decode(policy_file.parsed(text, "README.md"))


def effective(**changed):
    where = {
        "cluster": "prod-eu",
        "namespace": "shop",
        "name": "checkout",
        "labels": {"tier": "critical"},
        "annotations": {},
        **changed,
    }
    return resolve.resolve(example(), **where)


def test_readme_shows_a_policy_that_is_right():
    found = effective()
    assert (found.approval.quorum, found.approval.four_eyes) == (2, True)
    assert found.approval.on_timeout is policy.OnTimeout.HOLD
    assert [one.after_s for one in found.approval.escalations] == [1_800, 3_600, 7_200]
    assert found.require_analysis
    assert found.access_review, "of the second rule, for the first says nothing of it"
    assert len(found.windows) == 1
    assert [one.name for one in found.people] == ["Lee", "Dana"]


def test_readme_names_every_annotation_that_tightens():
    text = README.read_text()
    for name in vars(resolve):
        value = getattr(resolve, name)
        if isinstance(value, str) and value.startswith(resolve.PREFIX) and name != "PREFIX":
            assert f"`{value}`" in text
