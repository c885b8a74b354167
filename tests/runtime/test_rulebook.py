"""The policy in force while its file changes, breaks and is mended."""

from bot.model import errors
from bot.runtime import rulebook

ROLLOUT = {"metadata": {"name": "checkout", "namespace": "shop"}}
QUORUM = {"rules": [{"approval": {"quorum": 2}}]}
WRONG = {"rules": [{"approval": {"quorum": 0}}]}


class File:
    """A file that says each time what the test put into it."""

    def __init__(self, *looks):
        self.looks = list(looks)

    async def look(self):
        found = self.looks.pop(0) if self.looks else (False, None)
        if isinstance(found, Exception):
            raise found
        return found


def book(*looks):
    said, changed = [], []
    made = rulebook.Rulebook(
        cluster="prod-eu",
        look=File(*looks).look,
        say=said.append,
        changed=lambda: changed.append(1),
    )
    return made, said, changed


async def test_rulebook_takes_a_new_file_without_a_restart():
    made, said, changed = book((True, {}), (False, None), (True, QUORUM))
    await made.load()
    assert made.effective(ROLLOUT).approval.quorum == 1
    await made.refresh()
    await made.refresh()
    assert made.effective(ROLLOUT).approval.quorum == 2
    assert (said, len(changed)) == ([], 2)


async def test_rulebook_keeps_the_policy_before_a_broken_file_and_says_so_once():
    made, said, changed = book((True, QUORUM), (True, WRONG), (True, WRONG), (True, QUORUM))
    await made.load()
    for _ in range(2):
        await made.refresh()
        assert made.effective(ROLLOUT).approval.quorum == 2
    assert len(said) == 1
    assert "rules[0].approval.quorum" in said[0]
    assert "The policy before it stays in force." in said[0]
    await made.refresh()
    assert said[1:] == ["The policy file is right again and in force."]
    assert len(changed) == 1


async def test_rulebook_locks_every_gate_where_the_first_file_is_broken():
    made, said, _ = book(errors.UserError("the policy file p cannot be read: no such file"))
    await made.load()
    found = made.effective(ROLLOUT)
    assert found.approval.named
    assert "abort" not in found.may
    assert set(found.may["promote"]) == {rulebook.NOBODY}
    assert "aborts work" in said[0]
    made.repeat()
    assert said[0] == said[1]


async def test_rulebook_survives_a_disk_that_does_not_answer():
    made, said, _ = book((True, QUORUM), errors.Unavailable("the disk of p does not answer"))
    await made.load()
    await made.refresh()
    assert made.effective(ROLLOUT).approval.quorum == 2
    assert len(said) == 1


async def test_rulebook_without_a_file_says_nothing():
    made = rulebook.Rulebook(cluster="prod-eu")
    await made.load()
    await made.run()
    assert made.effective(ROLLOUT).sources == {}
