"""The id of a handle: read once, read on after a failure, and nobody invented."""

import pytest

from bot.adapters.slack import handles
from bot.model import errors


@pytest.fixture
def found(chat):
    return handles.Handles(client=chat.client)


async def test_handle_becomes_an_id_and_the_list_is_read_once(found, workspace):
    alice = workspace.state.users["UALICE0001"]
    assert await found.of(f"@{alice.name}") == alice.id
    assert await found.of(alice.name.upper()) == alice.id
    asked = [call["method"] for call in workspace.state.calls]
    assert asked.count("users.list") == 1


async def test_handle_that_nobody_has_is_not_found(found):
    with pytest.raises(errors.NotFound, match="@nobody-at-all"):
        await found.of("nobody-at-all")


async def test_handles_are_known_again_after_an_outage(found, workspace):
    workspace.faults.down = "503"
    with pytest.raises(errors.Unavailable):
        await found.of("alice")
    workspace.faults.down = ""
    assert await found.of(workspace.state.users["UBOB000001"].name) == "UBOB000001"


async def test_bots_are_nobody_to_be_asked(found, workspace):
    bots = [user.name for user in workspace.state.users.values() if user.bot]
    assert bots
    for name in bots:
        with pytest.raises(errors.NotFound):
            await found.of(name)
