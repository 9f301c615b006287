"""Accelerators of Kubernetes nodes: by which label a node says what it has."""

import re

RESOURCES = ("nvidia.com/gpu", "amd.com/gpu", "google.com/tpu", "habana.ai/gaudi", "aws.amazon.com/neuron")
"""Extended resources that are accelerators."""

GKE = {
    "H100": "nvidia-h100-80gb",
    "H100-MEGA": "nvidia-h100-mega-80gb",
    "H200": "nvidia-h200-141gb",
    "A100": "nvidia-tesla-a100",
}
TESLA = ("P4", "P100", "T4", "V100", "K80")


def _plain(value):
    return value.upper()


def _gke(value):
    back = {label: name for name, label in GKE.items()}
    return back.get(value) or (value if value.startswith("tpu-") else re.sub(r"^NVIDIA-(TESLA-)?", "", value.upper()))


def _discovered(value):
    """`NVIDIA-A100-SXM4-80GB` -> A100-80GB, `Tesla-T4` -> T4, `NVIDIA-GeForce-RTX-3090` -> RTX3090."""
    text = re.sub(r"-SHARED$|-MIG-.*$", "", value, flags=re.IGNORECASE).upper()
    if re.search(r"\bA100\b.*\b80GB\b", text):
        return "A100-80GB"
    text = re.sub(r"^(NVIDIA|TESLA|GEFORCE|QUADRO)-", "", re.sub(r"^NVIDIA-", "", text))
    known = re.match(
        r"(GH200|GB200|B300|B200|H200|H100|H20|A100|A10G|A10|A30|A40|L40S|L40|L4|T4|V100|P100|P4|K80)\b", text
    )
    return known.group(1) if known else text.replace("RTX-", "RTX")


LABELS = (
    ("skypilot.co/accelerator", _plain),
    ("cloud.google.com/gke-accelerator", _gke),
    ("cloud.google.com/gke-tpu-accelerator", _gke),
    ("karpenter.k8s.aws/instance-gpu-name", _plain),
    ("karpenter.k8s.aws/instance-accelerator-name", str.capitalize),
    ("nvidia.com/gpu.product", _discovered),
    ("amd.com/gpu.product-name", _plain),
    ("gpu.nvidia.com/class", _plain),
    ("nebius.com/gpu-name", _plain),
)
"""(label, its value -> our name of the accelerator), the first one that a node has counts."""


def gke_value(name):
    """Google's label value of an accelerator that an autoscaler shall bring."""
    if name.startswith("tpu-"):
        return name
    return GKE.get(name.upper(), "nvidia-%s%s" % ("tesla-" if name.upper() in TESLA else "", name.lower()))


SCALERS = {
    "gke": lambda name: (
        "cloud.google.com/gke-tpu-accelerator" if name.startswith("tpu-") else "cloud.google.com/gke-accelerator",
        gke_value(name),
    ),
    "karpenter": lambda name: ("karpenter.k8s.aws/instance-gpu-name", name.lower()),
    "coreweave": lambda name: ("gpu.nvidia.com/class", name.upper()),
    "nebius": lambda name: ("nebius.com/gpu-name", name.upper()),
    "generic": lambda name: ("skypilot.co/accelerator", name.lower()),
}
"""Autoscaler -> label and value that a node with the accelerator will have when it comes."""


def label_of(node):
    """`(label, value, name)` by which a node says what accelerators it has; None where it says nothing."""
    labels = node["metadata"].get("labels") or {}
    for label, name in LABELS:
        if labels.get(label):
            return label, labels[label], name(labels[label])
    return None


def resource_of(node):
    """The extended resource that a node's accelerators are, and how many may be used; None and 0 where it has none."""
    allocatable = node["status"].get("allocatable") or {}
    for resource in RESOURCES:
        if int(allocatable.get(resource) or 0):
            return resource, int(allocatable[resource])
    return None, 0


def same(wanted, name):
    """Whether an accelerator's name is meant, whatever the case; `H200` is also met by `H200-SXM-80GB`."""
    wanted, name = wanted.lower(), name.lower()
    return wanted == name or name.startswith(wanted + "-")
