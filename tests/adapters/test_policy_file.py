"""The policy file on a real disk: swapped as a ConfigMap is, missing, broken, too large."""

import os

import pytest

from bot.adapters import policy_file
from bot.model import errors


def swap(folder, number, text):
    """As the kubelet does it: a new folder, then ``..data`` leads to it in one move."""
    place = folder / f"..{number}"
    place.mkdir()
    (place / "policy.yaml").write_text(text)
    link = folder / "..data_tmp"
    link.symlink_to(place.name)
    os.replace(link, folder / "..data")
    if not (folder / "policy.yaml").is_symlink():
        (folder / "policy.yaml").symlink_to("..data/policy.yaml")


async def test_policy_file_is_read_again_when_the_mount_is_swapped(tmp_path):
    swap(tmp_path, 1, "rules: []")
    file = policy_file.PolicyFile(str(tmp_path / "policy.yaml"))
    assert await file.look() == (True, {"rules": []})
    assert await file.look() == (False, None)
    swap(tmp_path, 2, "rules: 22")
    assert await file.look() == (True, {"rules": 22})
    assert await file.look() == (False, None)


async def test_policy_file_that_goes_and_comes_back_is_read_again(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("{}")
    file = policy_file.PolicyFile(str(path))
    assert await file.look() == (True, {})
    path.unlink()
    for _ in range(2):
        with pytest.raises(errors.UserError, match="cannot be read: No such file"):
            await file.look()
    path.write_text("{}")
    assert await file.look() == (True, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "line 1"),
        ("a: 1\na: 2", "the key 'a' is there twice"),
        ("rules:\n- may: {}\n  may: {}", "line 3"),
        ("- " * 5_000, "no YAML"),
        ("# " + "x" * 1_048_576, "larger than 1 MiB"),
    ],
    ids=["cut off", "twice", "twice, deeper", "too deep", "too large"],
)
async def test_policy_file_that_is_no_yaml_is_told_once(tmp_path, text, said):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    file = policy_file.PolicyFile(str(path))
    with pytest.raises(errors.UserError, match=said):
        await file.look()
    assert await file.look() == (False, None)
