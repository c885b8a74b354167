"""What each example in manifests/examples should come to. A file without a line here is an error."""

from bot.model import ports
from tests.examples.play import Ending

EXAMPLES = {
    "analysis-run.yaml": Ending(alone=ports.RUN),
    "blue-green-analyses.yaml": Ending(shares=(100,), took_s=175, runs=("Successful",) * 2),
    "blue-green-auto-promotion.yaml": Ending(shares=(100,), took_s=305),
    "blue-green-preview.yaml": Ending(shares=(100,), gates=1, took_s=66),
    "canary-analysis-step.yaml": Ending(shares=(25, 50, 100), took_s=338, runs=("Successful",)),
    "canary-background-analysis.yaml": Ending(
        shares=(25, 50, 75, 100), took_s=728, runs=("Successful",)
    ),
    "canary-by-pods.yaml": Ending(shares=(25, 50, 100), took_s=218),
    "canary-dynamic-stable-scale.yaml": Ending(shares=(20, 60, 100), took_s=127),
    "canary-experiment-step.yaml": Ending(shares=(50, 100), took_s=369, runs=("Successful",)),
    "canary-gate-before-full.yaml": Ending(shares=(50, 100), gates=1, took_s=128),
    "canary-gate.yaml": Ending(shares=(25, 100), gates=1, took_s=67),
    "canary-header-route.yaml": Ending(shares=(25, 100), gates=1, took_s=128),
    "canary-istio-hosts.yaml": Ending(shares=(1, 20, 100), took_s=126),
    "canary-istio-several.yaml": Ending(shares=(20, 100), took_s=66),
    "canary-istio-subsets.yaml": Ending(shares=(10, 100), took_s=66),
    "canary-job-check.yaml": Ending(shares=(25, 50, 100), took_s=88, runs=("Successful",)),
    "canary-mirror-route.yaml": Ending(shares=(25, 100), took_s=368),
    "canary-nginx-several.yaml": Ending(shares=(20, 100), took_s=66),
    "canary-nginx.yaml": Ending(shares=(5, 30, 100), took_s=127),
    "canary-no-steps.yaml": Ending(shares=(100,), took_s=9),
    "canary-ping-pong.yaml": Ending(shares=(20, 100), took_s=66),
    "canary-pod-marks.yaml": Ending(shares=(25, 100), took_s=67),
    "canary-progress-threshold.yaml": Ending(shares=(1, 50, 100), took_s=127),
    "canary-scale.yaml": Ending(shares=(10, 25, 100), took_s=189),
    "canary-several-routers.yaml": Ending(shares=(20, 100), took_s=66),
    "canary-web-check.yaml": Ending(shares=(25, 100), took_s=107, runs=("Successful",)),
    "canary-workload-ref.yaml": Ending(shares=(25, 100), took_s=67),
    "experiment.yaml": Ending(alone=ports.EXPERIMENT),
}
_L, _M = "seeds/lecture-slide-", "seeds/module-part-"
_RATE, _USES = f"{_L}21-success-rate.yaml", f"{_L}22-analysis-steps.yaml"
_MODULE_RATE, _MODULE_USES = f"{_M}4-success-rate.yaml", f"{_M}4-analysis-steps.yaml"
SEEDS = {
    f"{_L}17-first-canary.yaml": Ending(shares=(20, 50, 100), took_s=664, pull_s=60.0),
    f"{_L}19-blue-green.yaml": Ending(shares=(100,), gates=1, took_s=65),
    _RATE: Ending(shares=(20, 50, 100), took_s=488, also=(_USES,), runs=("Successful",) * 2),
    _USES: Ending(
        shares=(20,), took_s=65, also=(_RATE,), runs=("Failed",), tag="bad", phase="Degraded"
    ),
    f"{_L}23-istio-subsets.yaml": Ending(shares=(5, 25, 100), took_s=126),
    f"{_L}24-nginx.yaml": Ending(shares=(5, 25, 100), took_s=126),
    f"{_L}26-experiment.yaml": Ending(
        alone=ports.EXPERIMENT, also=(f"{_L}29-pause-and-resume.yaml",)
    ),
    f"{_L}28-automatic-rollback.yaml": Ending(
        shares=(20,), took_s=65, runs=("Failed",), tag="bad", phase="Degraded"
    ),
    f"{_L}29-pause-and-resume.yaml": Ending(shares=(20, 50, 100), gates=1, took_s=669),
    f"{_M}3-progressive-canary.yaml": Ending(shares=(20, 40, 60, 80, 100), took_s=489),
    _MODULE_RATE: Ending(
        shares=(20,),
        took_s=305,
        also=(_MODULE_USES,),
        runs=("Failed",),
        tag="bad",
        phase="Degraded",
    ),
    _MODULE_USES: Ending(
        shares=(20, 40, 60, 80, 100),
        took_s=1209,
        also=(_MODULE_RATE,),
        runs=("Successful",) * 4,
    ),
    f"{_M}5-business-metrics.yaml": Ending(shares=(20, 100), took_s=847, runs=("Successful",)),
    f"{_M}5-compare-baseline.yaml": Ending(shares=(20, 100), took_s=607, runs=("Successful",)),
    f"{_M}5-compare-baseline-corrected.yaml": Ending(
        shares=(20, 100), took_s=607, runs=("Successful",)
    ),
    f"{_M}5-datadog.yaml": Ending(shares=(20, 100), took_s=367, runs=("Successful",)),
    f"{_M}5-new-relic.yaml": Ending(shares=(20, 100), took_s=367, runs=("Successful",)),
    f"{_M}5-web.yaml": Ending(shares=(20, 100), took_s=367, runs=("Successful",)),
    f"{_M}6-header-route.yaml": Ending(shares=(100,), gates=1, took_s=66),
    f"{_M}6-istio.yaml": Ending(shares=(10, 20, 30, 50, 100), gates=1, took_s=428),
    f"{_M}8-exercise.yaml": Ending(
        shares=(10, 25, 50, 100), gates=1, took_s=788, runs=("Successful",) * 3
    ),
}
ENDINGS = {**EXAMPLES, **SEEDS}
