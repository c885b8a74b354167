"""The manifests fit the program: its settings file, its flags, and how little it is trusted."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import __main__ as program
from bot import settings
from bot.adapters import policy_file
from bot.core.policies import codec
from bot.model import policy
from tests.architecture import files

INSTALL = files.ROOT / "manifests" / "install"


def document(name: str) -> dict[str, Any]:
    return yaml.safe_load((INSTALL / name).read_text())


@pytest.fixture
def pod() -> dict[str, Any]:
    return document("deployment.yaml")["spec"]["template"]["spec"]


def test_program_reads_the_settings_that_are_installed(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(document("settings.yaml")["data"]["settings.yaml"])
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    built = settings.build({}, environment=tokens | {"ROLLOUT_BOT_CONFIG": str(file)})
    assert built.cluster == "my-cluster"
    assert built.slack.configured
    assert built.policy == "/etc/rollout-bot/policy.yaml"


def test_program_reads_the_policy_that_is_installed() -> None:
    text = document("settings.yaml")["data"]["policy.yaml"]
    assert codec.decode(policy_file.parsed(text, "policy.yaml")) == policy.Policy()


def test_program_takes_the_arguments_of_the_deployment(pod: dict[str, Any]) -> None:
    command, *arguments = pod["containers"][0]["args"]
    context = program.main.commands[command].make_context(command, list(arguments))
    assert context.args == [], "an argument that the program does not know"
    assert context.params["bind_address"] == "0.0.0.0"


def test_probes_ask_the_port_that_the_arguments_name(pod: dict[str, Any]) -> None:
    container = pod["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert f"--healthzPort={ports['healthz']}" in container["args"]
    assert f"--metricsPort={ports['metrics']}" in container["args"]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == "healthz"


def test_container_is_trusted_with_nothing(pod: dict[str, Any]) -> None:
    rights = pod["containers"][0]["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}


def test_roles_grant_no_wildcard() -> None:
    for role in yaml.safe_load_all((INSTALL / "role.yaml").read_text()):
        for rule in role["rules"]:
            words = rule["verbs"] + rule["resources"] + rule["apiGroups"]
            assert "*" not in words, rule


def test_every_manifest_is_part_of_the_installation() -> None:
    listed = set(document("kustomization.yaml")["resources"])
    there = {p.name for p in INSTALL.glob("*.yaml")} - {"kustomization.yaml"}
    assert there - listed == {"slack-secret.example.yaml"}
