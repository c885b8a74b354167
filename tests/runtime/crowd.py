"""Many rollouts of one bot: stages of their own behind one announcer, one workspace, one API."""

from dataclasses import replace

from bot.runtime import announce
from tests.runtime import stage as stages
from tests.runtime import virtual


class Member(stages.Stage):
    """One of them, under its own name; its image is its own unless ``image`` is shared."""

    def __init__(self, crowd, name, steps):
        self.name, self.crowd = name, crowd
        super().__init__(steps, image=f"{name}:v1")
        self.api.rollout["metadata"].update(name=name, uid=f"u-{name}")
        self.trouble = crowd.trouble
        self.api.trouble = crowd.trouble
        self.chat = crowd.chat

    def seen(self):
        return replace(super().seen(), name=self.name, freezes=self.crowd.freezes)


class Crowd:
    def __init__(self, count, steps=stages.STEPS, *, chat=None, limit=None, link=None):
        self.trouble = stages.Trouble()
        self.chat = chat or stages.Chat(self.trouble)
        self.limit = limit
        self.freezes, self.link = (), link
        self.members = [Member(self, f"app-{at:03}", steps) for at in range(count)]
        self.by_name = {one.name: one for one in self.members}
        self.start()

    async def write(self, write):
        return await self.by_name[write.ref.name].api.write(write)

    async def get(self, ref, *, urgent=False):
        return self.by_name[ref.name].api.rollout

    async def list(self, kind, *, namespace="", selector=""):
        return [one.api.rollout for one in self.members]

    def start(self):
        more = {} if self.limit is None else {"limit": lambda told: self.limit}
        self.announcer = announce.Announcer(
            chat=self.chat,
            api=self,
            clock=virtual.now,
            rules=stages.authorize.Rules(default_channel="#releases"),
            observe=lambda obj: None,
            link=self.link,
            **more,
        )
        for one in self.members:
            one.announcer = self.announcer

    def quietly(self):
        """Everybody healthy, before anything is told."""
        for one in self.members:
            one.announcer = None
            one.settle()
            one.announcer = self.announcer

    def ship(self, image="{}:v2", only=None):
        for one in (self.members if only is None else only):
            one.ship(image.format(one.name))
            one.settle()

    def settle(self):
        for one in self.members:
            one.settle(4)
