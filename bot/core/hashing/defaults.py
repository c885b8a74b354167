"""What an API server fills into a pod template, by the Go type that holds the field.

Source: k8s.io/kubernetes ``pkg/apis/core/v1/defaults.go`` and ``pkg/apis/apps/v1``, v1.34.
"""

from collections.abc import Mapping
from typing import Any

_SHARED_MODE = 420
PLAIN: Mapping[str, Mapping[str, Any]] = {
    "v1.PodSpec": {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "schedulerName": "default-scheduler",
    },
    "v1.Container": {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    },
    "v1.ContainerPort": {"protocol": "TCP"},
    "v1.Probe": {
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    },
    "v1.HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "v1.GRPCAction": {"service": ""},
    "v1.ObjectFieldSelector": {"apiVersion": "v1"},
    "v1.SecretVolumeSource": {"defaultMode": _SHARED_MODE},
    "v1.ConfigMapVolumeSource": {"defaultMode": _SHARED_MODE},
    "v1.DownwardAPIVolumeSource": {"defaultMode": _SHARED_MODE},
    "v1.ProjectedVolumeSource": {"defaultMode": _SHARED_MODE},
    "v1.ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "v1.HostPathVolumeSource": {"type": ""},
    "v1.PersistentVolumeClaimSpec": {"volumeMode": "Filesystem"},
    "v1.ISCSIVolumeSource": {"iscsiInterface": "default"},
    "v1.RBDVolumeSource": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "v1.AzureDiskVolumeSource": {
        "cachingMode": "ReadWrite",
        "fsType": "ext4",
        "readOnly": False,
        "kind": "Shared",
    },
    "v1.ScaleIOVolumeSource": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def of(name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The defaults of the type ``name``, whose fields are ``given`` so far."""
    if name == "v1.Container":
        return {**PLAIN[name], "imagePullPolicy": _pull_policy(given.get("image"))}
    if name == "v1.Volume" and not any(v is not None for k, v in given.items() if k != "name"):
        return {"emptyDir": {}}
    if name == "v1.PodSpec" and given.get("serviceAccountName"):
        # The former name of the field is written beside the present one.
        return {**PLAIN[name], "serviceAccount": given["serviceAccountName"]}
    return PLAIN.get(name, {})


def _pull_policy(image: Any) -> str:
    """Always for the tag ``latest``, said or not; a digest without a tag has none."""
    name = str(image or "")
    path, _, digest = name.partition("@")
    tag = path.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"
