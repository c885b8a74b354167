"""Objects of a shop: pods of two versions, Services, a VirtualService, Ingresses."""

import asyncio
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
PODS = "/api/v1/namespaces/shop/pods"
SERVICES = "/api/v1/namespaces/shop/services"
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"
VIRTUAL = "/apis/networking.istio.io/v1beta1/namespaces/shop/virtualservices"
HASH = "rollouts-pod-template-hash"


async def until(holds: Callable[[], Any], *, within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.005)


def pod(
    name: str, *, revision: str, image: str = "checkout:quick-1", app: str = "checkout"
) -> Object:
    return {
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": app, HASH: revision}},
        "spec": {"containers": [{"name": "app", "image": image}]},
    }


def service(name: str, **selector: str) -> Object:
    return {"metadata": {"name": name}, "spec": {"selector": selector, "ports": [{"port": 80}]}}


def virtual(weight: int, *, name: str = "checkout") -> Object:
    route = [
        {"destination": {"host": f"{name}-stable"}, "weight": 100 - weight},
        {"destination": {"host": f"{name}-canary"}, "weight": weight},
    ]
    return {
        "metadata": {"name": name},
        "spec": {"hosts": [name], "http": [{"name": "primary", "route": route}]},
    }


def ingress(name: str, *, service: str, **annotations: str) -> Object:
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": service, "port": {"number": 80}}},
    }
    return {
        "metadata": {
            "name": name,
            "annotations": {
                "nginx.ingress.kubernetes.io/" + key.replace("_", "-"): value
                for key, value in annotations.items()
            },
        },
        "spec": {"rules": [{"host": "checkout", "http": {"paths": [path]}}]},
    }
