"""Prometheus: whether each address that is in use answers a query."""

import asyncio
from collections.abc import Collection

from bot import settings
from bot.cli import diagnosis
from bot.model import ports
from bot.wiring import providers, terminal

MOST = 10
TIMEOUT_S = 10


async def checks(chosen: settings.Settings, addresses: Collection[str]) -> list[diagnosis.Finding]:
    """One check an address; the addresses of the templates and that of the settings."""
    wanted = sorted({*addresses, chosen.prometheus_address} - {""})
    if not wanted:
        return [diagnosis.skipped("prometheus", "no address is set and no template names one")]
    built = providers.build(chosen)
    try:
        found = await asyncio.gather(*(_asked(built["prometheus"], one) for one in wanted[:MOST]))
    finally:
        for provider in built.values():
            await provider.close()
    return list(found)


async def _asked(provider: ports.Provider, address: str) -> diagnosis.Finding:
    config = {"address": address, "query": "vector(1)", "timeout": TIMEOUT_S}
    try:
        await provider.sample(config, now=terminal.now())
    except ports.MetricError as problem:
        return diagnosis.wrong(
            "prometheus",
            f"{address} does not answer: {problem}",
            "Check the address, the network policy and the authentication of the metric.",
        )
    return diagnosis.fine("prometheus", f"{address} answers")
