"""Which ReplicaSets must change what their pods carry, now that roles have moved (spec §2.21)."""

from collections.abc import Mapping

from bot.core import draft as draft_module
from bot.core import pod_marks
from bot.model import world


def changes(d: draft_module.Draft) -> dict[str, world.Marks]:
    """Which ReplicaSets must change the marks of their pods, and how."""
    out: dict[str, world.Marks] = {}
    for rs in d.family.all:
        if d.family.creating and rs.name == d.family.new.name:
            continue
        wanted, known = _wanted(d, rs), pod_marks.recorded(rs)
        if pod_marks.record(wanted) != pod_marks.record(known):
            patch = {
                kind: _patch(known.get(kind, {}), wanted.get(kind, {})) for kind in pod_marks.KINDS
            }
            out[rs.name] = world.Marks(
                hash=rs.hash,
                patch={kind: found for kind, found in patch.items() if found},
                record=pod_marks.record(wanted),
            )
    return out


def _wanted(d: draft_module.Draft, rs: world.ReplicaSet) -> pod_marks.Marks:
    if d.promoted and rs.name == d.family.new.name:
        return d.spec.stable_marks
    if rs.name == d.family.new.name:
        return pod_marks.at_creation(d.spec, stable_exists=d.family.stable is not None)
    if d.family.stable is not None and rs.name == d.family.stable.name and not d.promoted:
        return d.spec.stable_marks
    return {}


def _patch(known: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str | None]:
    gone: dict[str, str | None] = {key: None for key in known if key not in wanted}
    return {**gone, **wanted}
