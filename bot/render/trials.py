"""The card of an Experiment: how it stands, and template by template what was measured."""

from bot.model import messages
from bot.render import blocks, metrics, words

ROWS = 24
_SAYS = {
    "": "begins",
    "Pending": "begins",
    "Running": "runs",
    "Successful": "is over: successful",
    "Failed": "is over: failed",
    "Error": "is over: it could not be carried out",
    "Inconclusive": "is over: inconclusive",
}
_ENDS = {
    messages.Verdict.SUCCESSFUL: "✓ passed",
    messages.Verdict.FAILED: "✗ failed",
    messages.Verdict.INCONCLUSIVE: "inconclusive",
    messages.Verdict.ERROR: "cannot be measured",
    messages.Verdict.NO_DATA: "not enough data",
    messages.Verdict.RUNNING: "no verdict",
}


def card(facts: messages.TrialFacts) -> messages.Message:
    """News first; then the pods, then a line for each template and metric with its verdict."""
    head = _head(facts)
    rows = [_row(one, over=facts.over) for one in facts.rows[:ROWS]]
    if len(facts.rows) > ROWS:
        rows.append(f"and {len(facts.rows) - ROWS} more")
    if not rows:
        rows = [_unmeasured(facts)]
    parts = [
        *blocks.section([f"*{head}*", words.plain(facts.because, 300)]),
        *blocks.section(_side(one, over=facts.over) for one in facts.sides[:10]),
        *blocks.section(rows),
    ]
    because = f": {words.plain(facts.because, 300)}" if facts.because else ""
    return blocks.message(f"{head}{because}", parts)


def _head(facts: messages.TrialFacts) -> str:
    says = _SAYS.get(facts.phase) or words.plain(facts.phase, 40)
    until = f" until {words.at(facts.until)}" if facts.until is not None else ""
    place = words.name(facts.cluster)
    return f"experiment {words.name(facts.name)} {says} in {place}{until}"


def _side(one: messages.TrialSide, *, over: bool) -> str:
    pods = "" if over else f"{one.ready} of {words.count(one.wanted, 'pod', 'pods')} ready"
    trouble = words.plain(one.trouble, 160)
    if not pods and not trouble:
        return ""
    return words.joined([f"{words.name(one.name)}", pods, trouble])


def _unmeasured(facts: messages.TrialFacts) -> str:
    if not facts.analyses:
        return "nothing is measured"
    return "nothing was measured" if facts.over else "nothing measured yet"


def _row(one: messages.TrialRow, *, over: bool) -> str:
    metric = one.metric
    verdict = _ENDS[metric.verdict]
    if metric.verdict is messages.Verdict.RUNNING and not over:
        many = f"{metric.taken}" if metric.wanted is None else f"{metric.taken} of {metric.wanted}"
        verdict = f"{many} taken"
    watched = "only watched, decides nothing" if metric.dry_run else ""
    template = words.name(one.template) or "all templates"
    return words.joined([template, metrics.against_bound(metric), verdict, watched])
