"""Istio's kinds as far as a controller of weights needs them: nothing is checked, all is kept."""

from typing import Any

GROUP = "networking.istio.io"
VERSIONS = ("v1alpha3", "v1beta1", "v1")
KINDS = {"VirtualService": "virtualservices", "DestinationRule": "destinationrules"}
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definitions() -> list[dict[str, Any]]:
    return [definition(kind=kind, plural=plural) for kind, plural in KINDS.items()]


def definition(*, kind: str, plural: str) -> dict[str, Any]:
    """v1beta1 is stored; the three versions are the same object under three names."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == "v1beta1",
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": OPEN, "status": OPEN},
                        }
                    },
                }
                for version in VERSIONS
            ],
        },
    }
