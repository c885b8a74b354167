"""Raw ``strategy.blueGreen`` → ``BlueGreen``: each mistake with its path (spec §1.6, §4.4)."""

from collections.abc import Mapping
from typing import Any

from bot.core import amounts, fields
from bot.core.steps import analysis as steps_analysis
from bot.model import spec

PATH = "spec.strategy.blueGreen"


def decode(raw: Mapping[str, Any], replicas: int, history: int) -> spec.BlueGreen:
    """The validated strategy; ``history`` is the rollout's revisionHistoryLimit.

    Raises:
        errors.UserError: the sentence is Argo's field error.

    """
    active = fields.text(raw, "activeService", PATH)
    preview = fields.text(raw, "previewService", PATH)
    if not active:
        raise fields.Required(f"{PATH}.activeService", "a blue-green needs its active Service")
    if active == preview:
        raise fields.Invalid(
            "spec.strategy.blueGreen.activeService",
            active,
            "This rollout uses the same service for the active and preview services, but two "
            "different services are required.",
        )
    limit = fields.integer(raw, "scaleDownDelayRevisionLimit", PATH, -1)
    if limit > history:
        raise fields.Invalid(
            f"{PATH}.scaleDownDelayRevisionLimit",
            limit,
            "This rollout's revision history limit can not be smaller than the rollout's scale "
            "down limit",
        )
    return spec.BlueGreen(
        active_service=active,
        preview_service=preview,
        preview_replicas=_optional(raw, "previewReplicaCount"),
        auto_promotion=fields.boolean(raw, "autoPromotionEnabled", PATH, default=True),
        auto_promotion_s=fields.count(raw, "autoPromotionSeconds", PATH, 0),
        max_unavailable=amounts.pods(
            raw.get("maxUnavailable"), replicas, f"{PATH}.maxUnavailable", up=False
        ),
        scale_down_delay_s=_optional(raw, "scaleDownDelaySeconds"),
        scale_down_delay_revision_limit=None if limit < 0 else limit,
        abort_scale_down_delay_s=fields.count(raw, "abortScaleDownDelaySeconds", PATH, 30),
        pre=_analysis(raw, "prePromotionAnalysis"),
        post=_analysis(raw, "postPromotionAnalysis"),
    )


def _optional(raw: Mapping[str, Any], key: str) -> int | None:
    return None if raw.get(key) is None else fields.count(raw, key, PATH, 0)


def _analysis(raw: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    if raw.get(key) is None:
        return None
    found = steps_analysis.shaped(raw[key], f"{PATH}.{key}")
    return found if found.get("templates") else None
