"""``/rollout set-image``: ship another image."""

from bot.model import messages
from handlers import asking

USAGE = (
    "/rollout set-image [NAME] CONTAINER=IMAGE   ship another image",
    "example: /rollout set-image checkout app=checkout:v42",
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    pairs = [word for word in ask.plain() if "=" in word]
    names = [word for word in ask.plain() if "=" not in word]
    if len(pairs) != 1:
        return asking.sentence(
            "set-image takes one CONTAINER=IMAGE, as in set-image checkout app=checkout:v42."
        )
    container, _, image = pairs[0].partition("=")
    if not container or not image:
        return asking.sentence("Both the container and the image must be named: CONTAINER=IMAGE.")
    key = ask.find(" ".join(names))
    return asking.reply(await ask.desk.set_image(key, ask.person, container, image))
