"""Collecting points by the name of their family; the help of every gauge. Nothing is read here."""

from collections.abc import Mapping
from typing import Any

from bot.model import series

HELP = {
    "rollout_info": "Information about rollout.",
    "rollout_info_replicas_desired": "The number of desired replicas per rollout.",
    "rollout_info_replicas_available": "The number of available replicas per rollout.",
    "rollout_info_replicas_unavailable": "The number of unavailable replicas per rollout.",
    "rollout_info_replicas_updated": "The number of updated replicas per rollout.",
    "rollout_phase": "The state of the rollout (deprecated: use rollout_info).",
    "analysis_run_info": "Information about analysis run.",
    "analysis_run_phase": "The state of the analysis run (deprecated: use analysis_run_info).",
    "analysis_run_metric_type": "The type of a metric of an analysis run.",
    "analysis_run_metric_phase": "The state of a metric of an analysis run.",
    "analysis_template_info": "Information about analysis templates.",
    "analysis_template_metric_info": "Information on metrics in analysis templates.",
    "experiment_info": "Information about experiment.",
    "experiment_phase": "The state of the experiment (deprecated: use experiment_info).",
    "argo_rollouts_info": "A rollout: its phase, strategy and revision are labels.",
    "argo_rollouts_phase": "The index of a rollout's present step; its phase is a label.",
    "argo_rollouts_analysis_run_phase": "An analysis run of a rollout; its phase is a label.",
    "argo_rollouts_analysis_run_metric_phase": "A metric of a run; its phase is a label.",
    "argo_rollouts_rollout_duration_seconds": "How long the newest revision took or takes.",
    "rollout_bot_not_supported": "Rollouts left alone because a field of theirs is not built yet.",
    "rollout_bot_waiting_for_approval": "Rollouts that wait for a person at a pause without end.",
}


class Table:
    """Points as they are found."""

    def __init__(self) -> None:
        self._points: dict[str, list[series.Point]] = {name: [] for name in HELP}

    def add(self, name: str, labels: Mapping[str, Any], value: float = 1.0) -> None:
        texts = {key: str(text) for key, text in labels.items()}
        self._points[name].append(series.Point(labels=texts, value=float(value)))

    def families(self) -> list[series.Family]:
        return [
            series.Family(name=name, help=HELP[name], points=tuple(points))
            for name, points in self._points.items()
        ]
