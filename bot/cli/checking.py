"""``rollout-bot preflight``: every Rollout and template of a cluster, judged beforehand."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.cli import plain
from bot.core import codec_status
from bot.core import preflight as core
from bot.model import ports, preflight
from bot.runtime import decoding
from bot.runtime import world as worlds

BAD = frozenset({preflight.Word.NOT_BUILT, preflight.Word.INVALID})


def judged(reader: worlds.Reader, *, namespace: str) -> list[preflight.Judgment]:
    """All Rollouts and templates of a namespace; of all where it is empty."""
    caches = reader.caches
    found = [_rollout(one, reader) for one in caches.rollouts.list(namespace)]
    for one in (*caches.templates.list(namespace), *caches.cluster_templates.list()):
        found.append(core.template(one, _lookup(one, caches)))
    return sorted(found, key=lambda one: (one.kind, one.namespace, one.name))


def _rollout(rollout: ports.Object, reader: worlds.Reader) -> preflight.Judgment:
    spec = decoding.decoded(rollout, reader)
    seen = reader.see(rollout, spec)
    return core.rollout(spec, codec_status.decode(rollout.get("status")), seen)


def _lookup(template: ports.Object, caches: worlds.Caches) -> Any:
    namespace = template["metadata"].get("namespace", "")

    def find(cluster_scope: bool, name: str) -> Mapping[str, Any] | None:  # noqa: FBT001 - the core's shape
        if cluster_scope:
            return caches.cluster_templates.get("", name)
        return caches.templates.get(namespace, name)

    return find


def as_json(found: Sequence[preflight.Judgment]) -> list[dict[str, Any]]:
    return [plain.plain(one) for one in found]


def as_text(found: Sequence[preflight.Judgment]) -> str:
    """One line an object, its remarks below it, and a sum at the end."""
    lines: list[str] = []
    for one in found:
        where = f"{one.namespace}/{one.name}" if one.namespace else one.name
        lines.append(f"{one.word:<18}  {one.kind} {where}")
        for finding in one.findings:
            said = finding.sentence
            told = said if said.startswith(finding.path) else f"{finding.path}: {said}"
            lines.append(f"{'':<18}    {told}")
    counts = {word: sum(1 for one in found if one.word is word) for word in preflight.Word}
    total = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return "\n".join([*lines, total or "There is no Rollout and no template here."])


def exit_code(found: Sequence[preflight.Judgment]) -> int:
    """1 where something would not run."""
    return 1 if any(one.word in BAD for one in found) else 0
