"""What stands on the stage for which story: the Rollout that is shipped, its manifests, the load.

Data only. How a story is played is in the module that ``stories`` names for it.
"""

import dataclasses
from pathlib import Path

MANIFESTS = Path(__file__).parents[1] / "manifests"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """``host`` is the address that users ask for, ``rate`` their requests a second.

    ``preview`` is a second address, where there is one.
    """

    name: str
    host: str
    preview: str = ""
    folders: tuple[str, ...] = (".",)
    rate: float = 40.0

    @property
    def hosts(self) -> list[str]:
        """Whom to ask the proxy for, in a Host header."""
        return [host for host in (self.host, self.preview) if host]

    @property
    def manifests(self) -> list[Path]:
        return [MANIFESTS / folder for folder in self.folders]


CHECKOUT = Scene(name="checkout", host="checkout")
ECOMMERCE = Scene(
    name="ecommerce-app",
    host="ecommerce-app",
    folders=("ecommerce", "ecommerce/istio"),
    # A conversion rate of 10 % of the traffic needs more requests than an error rate does.
    rate=100.0,
)
NGINX = MANIFESTS / "ecommerce" / "nginx"
BLUEGREEN = Scene(
    name="shop-front",
    host="shop-front-active",
    preview="shop-front-preview",
    folders=("bluegreen",),
)


def of(story: str) -> Scene:
    return {"ecommerce": ECOMMERCE, "bluegreen": BLUEGREEN}.get(story, CHECKOUT)
