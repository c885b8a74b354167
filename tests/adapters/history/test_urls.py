"""Addresses as people write them."""

import pytest

from bot.adapters.history import urls
from bot.model import errors


@pytest.mark.parametrize(
    ("text", "driver", "shown"),
    [
        ("history.db", "sqlite+aiosqlite", "the file history.db"),
        ("sqlite:///history.db", "sqlite+aiosqlite", "the file history.db"),
        ("sqlite:////var/x.db", "sqlite+aiosqlite", "the file /var/x.db"),
        ("postgres://u:p@db:5/h", "postgresql+asyncpg", "postgresql db, h"),
        ("postgresql://u:p@db/h?sslmode=require", "postgresql+asyncpg", "postgresql db, h"),
    ],
)
def test_address_is_understood(text, driver, shown):
    found = urls.engine_url(text)
    assert found.drivername == driver
    assert urls.shown(text) == shown
    assert "sslmode" not in found.query
    assert ("ssl" in found.query) == ("sslmode" in text)


@pytest.mark.parametrize(
    "text", ["mysql://u:hidden@db/h", "postgresql://u:hidden@db", "postgresql://u:hidden@db:x/h"]
)
def test_address_that_cannot_be_is_refused_without_its_password(text):
    with pytest.raises(errors.UserError) as problem:
        urls.engine_url(text)
    assert "hidden" not in problem.value.sentence
    assert "postgresql://USER" in problem.value.sentence
