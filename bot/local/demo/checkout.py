"""The two short stories: ``checkout`` ships a good version, or one that fails many requests."""

from bot.local.demo import checks, shipment, story

CANARY = "checkout-canary"
METRIC = "success-rate"
IMAGES = {"good": "checkout:good-2", "bad": "checkout:bad-3"}
WEIGHTS = (10, 25, 50)


class Checkout(story.Story):
    """A canary through Istio, with a person before 100 %."""

    async def _act(self) -> None:
        good = self.chosen.story == "good"
        one = await self._ship(IMAGES[self.chosen.story], approves=good)
        for press in one.presses:
            ok = bool(press.answer.get("acked")) and press.weight == WEIGHTS[-1]
            self._check(
                "approved", ok, f"at weight {press.weight}: {press.asked} → {press.answer}"
            )
        if good:
            self._judge_good(one)
        else:
            await self._judge_bad(one)

    def _judge_good(self, one: shipment.Shipment) -> None:
        seen, told, answers = one.seen, one.told(), one.answers()
        self.checks += [
            checks.weights_in_order(seen.sights, (*WEIGHTS, 100)),
            *checks.shares(seen.sights, answers, canary=one.canary, until=one.over),
            checks.ended(seen.rollout, phase="Healthy", stable=one.canary),
            checks.users_on_stable(answers, stable=one.canary, since=one.over),
            checks.one_card_edited(told),
            checks.few_loud(told, card=1, gate=1, alert=0),
        ]
        if not one.presses:
            self._check("approved", False, "nobody was asked")

    async def _judge_bad(self, one: shipment.Shipment) -> None:
        seen, told, answers = one.seen, one.told(), one.answers()
        old, new, counted = f"v{one.before}", f"v{one.number}", one.sent.get(CANARY, 0)
        self.checks += [
            *checks.shares(
                seen.sights, answers, canary=one.canary, until=one.over, cut_short=True
            ),
            checks.proxy_agrees(answers, canary=one.canary, counted=counted, since=one.began),
            checks.rollback_was_fast(seen.sights),
            checks.ended(seen.rollout, phase="Degraded", stable=one.stable),
            checks.users_on_stable(answers, stable=one.stable, since=one.over),
            checks.alert_says_why(told, metric=METRIC, old=old, new=new),
            checks.one_card_edited(told),
            checks.few_loud(told, card=1, gate=0, alert=1),
        ]
        found = await one.charts() if told["alert"] else []
        self._check("chart", bool(found), f"{len(found)} pictures in a thread")
