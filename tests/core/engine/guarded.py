"""A simulated cluster with a policy and a key: approvals by people, and writes by others."""

from dataclasses import replace
from datetime import timedelta

from bot.core import approvals, codec_block, codec_status
from bot.core.notices import scene as scenes
from bot.core.policies import codec, resolve
from bot.model import ports
from bot.model import status as status_model
from bot.runtime import decoding, signing
from tests.core.engine.simulation import NAME, NS, Simulation, merge

KEY = b"k" * 32
TWO = {"rules": [{"approval": {"approvers": ["@sam", "@lee"], "quorum": 2}}]}
ONE = {"rules": [{"approval": {"approvers": ["@sam"]}}]}


class Guarded(Simulation):
    def __init__(self, *, policy, key=KEY, **more):
        self.rules, self.key = codec.decode(policy), key
        self.signer = signing.Signer(cluster="test", key=lambda: self.key)
        super().__init__(**more)

    def effective(self, rollout):
        meta = rollout["metadata"]
        return resolve.resolve(
            self.rules,
            cluster="test",
            namespace=NS,
            name=NAME,
            labels=meta.get("labels") or {},
            annotations=meta.get("annotations") or {},
        )

    def _build(self):
        super()._build()
        reader = replace(self.reconciler.reader, policy=self.effective)
        self.reconciler.reader = reader
        self.reconciler.signer = self.signer

    def scene(self):
        """What the desk looks at."""
        status = self.signer.verified(self.status, self.raw)
        reader = self.reconciler.reader
        spec = decoding.decoded(self.raw, reader)
        return scenes.build(
            spec=spec,
            status=status,
            seen=reader.see(self.raw, spec),
            reasons=(),
            now=self.now,
        )

    def intent(self, actor="sam (U0SAM)", kind="promote", **more):
        """As the desk writes it for somebody who was let in."""
        self.intents += 1
        made = status_model.Intent(
            **{
                "id": f"i{self.intents}",
                "kind": kind,
                "revision": self.status.current_hash,
                "step": None,
                "actor": actor,
                "at": self.now,
                "gate": scenes.gate(self.scene()) if kind == "promote" else "",
                **more,
            }
        )
        return self.signer.intent(made, self.raw)

    def put(self, *intents):
        block = self.status.bot
        raw = codec_block.encode(replace(block, intents=(*block.intents, *intents)))
        return self.write_status(rolloutBot=raw)

    def approve(self, actor="sam (U0SAM)", **more):
        return self.put(self.intent(actor, **more)).settle()

    def kubectl_promote(self):
        """What the plugin writes at a pause."""
        return self.write_status(pauseConditions=None)

    def replace_block(self, block):
        raw = self.raw
        status = {**raw["status"], "rolloutBot": block}
        self.cluster.put(ports.ROLLOUT, {**raw, "status": status})
        return self

    def gate(self):
        sheet = self.scene().sheet
        return approvals.present(sheet)

    def write_raw(self, patch):
        self.cluster.put(ports.ROLLOUT, merge(self.raw, patch))
        return self


def wrote(sim, manager, *fields, ago_s=0):
    """An entry of ``managedFields``: these fields of the status are now that tool's."""
    at = codec_status.stamp(sim.now - timedelta(seconds=ago_s))
    owned = {"f:status": {f"f:{name}": {} for name in fields}}
    return {"manager": manager, "time": at, "fieldsV1": owned}
