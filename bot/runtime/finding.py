"""Which rollout a person means: NAME, ns/NAME, or nothing where only one can be meant."""

import difflib
from dataclasses import dataclass

from bot.core.notices import listing, standing
from bot.model import ports
from bot.runtime import authorize, scenery

NEAR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """``near`` are names that may have been meant; ``wanted`` is empty where none was given."""

    sentence: str
    wanted: str = ""
    namespace: str = ""
    near: tuple[str, ...] = ()


def find(
    text: str,
    *,
    scenery: scenery.Scenery,
    rules: authorize.Rules,
    channels: tuple[str, ...] = (),
) -> Found | Missing:
    """The one rollout meant. ``channels``: how the channel that it was said in is called."""
    everything = scenery.rollouts()
    places = {_plain(channel) for channel in channels}

    def here(group: list[ports.Object]) -> list[ports.Object]:
        return [one for one in group if _plain(rules.channel(one)) in places]

    wanted = text.strip()
    if not wanted:
        return _only(scenery, everything, here(everything))
    namespace, slash, name = wanted.rpartition("/")
    if (slash and not (namespace and name)) or "/" in namespace:
        return Missing(sentence=f'"{wanted[:80]}" names no rollout: say NAME or NAMESPACE/NAME.')
    fits = [
        one
        for one in everything
        if one["metadata"]["name"] == name
        and (not slash or one["metadata"]["namespace"] == namespace)
    ]
    if len(fits) > 1:
        local = here(fits)
        fits = local if len(local) == 1 else fits
    if len(fits) == 1:
        return Found(key=_key(fits[0]))
    if fits:
        return _which(f'There are {len(fits)} rollouts "{name}".', wanted, fits)
    return _near(wanted, namespace, name, everything)


def _plain(channel: str) -> str:
    return channel.lstrip("#").casefold()


def _key(rollout: ports.Object) -> str:
    return f"{rollout['metadata']['namespace']}/{rollout['metadata']['name']}"


def _only(
    scenery: scenery.Scenery, everything: list[ports.Object], here: list[ports.Object]
) -> Found | Missing:
    for group in (everything, here):
        if len(group) == 1:
            return Found(key=_key(group[0]))
    group = here or everything
    busy = [one for one in group if _busy(scenery, one)]
    if len(busy) == 1:
        return Found(key=_key(busy[0]))
    if not group:
        return Missing(sentence="There is no rollout yet.")
    return _which("Which rollout?", "", busy or group)


def _busy(scenery: scenery.Scenery, rollout: ports.Object) -> bool:
    scene = scenery.of(_key(rollout))
    moving = (*listing.WAITING, *listing.MOVING)
    return scene is not None and standing.news(scene) in moving


def _which(start: str, wanted: str, group: list[ports.Object]) -> Missing:
    near = tuple(sorted(_key(one) for one in group))[:NEAR]
    more = " …" if len(group) > NEAR else ""
    return Missing(sentence=f"{start} Say {', '.join(near)}{more}.", wanted=wanted, near=near)


def _near(wanted: str, namespace: str, name: str, everything: list[ports.Object]) -> Missing:
    group = [
        one for one in everything if not namespace or one["metadata"]["namespace"] == namespace
    ]
    by_name = {one["metadata"]["name"]: one for one in group or everything}
    close = difflib.get_close_matches(name[:80], by_name, n=NEAR, cutoff=0.6)
    close += [n for n in sorted(by_name) if name and name in n and n not in close]
    if group or not namespace:
        near = tuple(close[:NEAR])
    else:
        near = tuple(_key(by_name[n]) for n in close[:NEAR])
    place = f" in {namespace}" if namespace else ""
    meant = f" Did you mean {', '.join(near)}?" if near else ""
    return Missing(
        sentence=f'No rollout "{name[:80]}"{place}.{meant}',
        wanted=wanted,
        namespace=namespace,
        near=near,
    )
