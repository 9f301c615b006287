"""What a machine has, from recorded files and outputs."""

import pytest

from stix.skylet import hardware
from stix.skylet.gpu_names import normal_name, parse


@pytest.mark.parametrize(
    ("raw", "memory", "name"),
    [
        ("NVIDIA A100-SXM4-80GB", 81920, "A100-80GB"),
        ("NVIDIA A100 80GB PCIe", 81920, "A100-80GB"),
        ("NVIDIA A100-SXM4-40GB", 40960, "A100"),
        ("A100-PCIE-40GB", 40536, "A100"),
        ("NVIDIA H100 80GB HBM3", 81559, "H100"),
        ("NVIDIA H100 PCIe", 81559, "H100"),
        ("NVIDIA H100 NVL", 95830, "H100"),
        ("NVIDIA H200", 143771, "H200"),
        ("NVIDIA GH200 480GB", 97871, "GH200"),
        ("NVIDIA B200", 183359, "B200"),
        ("NVIDIA GB200", 189471, "GB200"),
        ("Tesla T4", 15360, "T4"),
        ("NVIDIA T4G", 15360, "T4g"),
        ("Tesla V100-SXM2-16GB", 16160, "V100"),
        ("Tesla V100-SXM2-32GB", 32510, "V100-32GB"),
        ("Tesla V100-SXM3-32GB-H", 32510, "V100-32GB"),
        ("Tesla P100-PCIE-16GB", 16280, "P100"),
        ("Tesla K80", 11441, "K80"),
        ("NVIDIA L4", 23034, "L4"),
        ("NVIDIA L40", 46068, "L40"),
        ("NVIDIA L40S", 46068, "L40S"),
        ("NVIDIA A10G", 23028, "A10G"),
        ("NVIDIA A10", 23028, "A10"),
        ("NVIDIA A30", 24576, "A30"),
        ("NVIDIA GeForce RTX 4090", 24564, "RTX4090"),
        ("NVIDIA GeForce RTX 3090 Ti", 24564, "RTX3090Ti"),
        ("NVIDIA GeForce RTX 2080 SUPER", 8192, "RTX2080SUPER"),
        ("NVIDIA GeForce GTX 1080 Ti", 11264, "GTX1080Ti"),
        ("NVIDIA GeForce RTX 5090", 32607, "RTX5090"),
        ("NVIDIA RTX A6000", 49140, "A6000"),
        ("NVIDIA RTX A4000", 16376, "A4000"),
        ("NVIDIA RTX 6000 Ada Generation", 49140, "RTX6000-Ada"),
        ("Quadro RTX 8000", 49152, "RTX8000"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 97887, "RTXPRO6000"),
        ("NVIDIA Weird Board 9", 1000, "WEIRD-BOARD-9"),
    ],
)
def test_gpu_names(raw, memory, name):
    assert normal_name(raw, memory) == name


def test_nvidia_smi_output():
    text = "NVIDIA A100-SXM4-80GB, 81920\nNVIDIA A100-SXM4-80GB, 81920\n"
    assert parse(text) == [{"name": "A100-80GB", "memory_mib": 81920}] * 2
    assert parse("NVIDIA GH200 480GB, [N/A]\n") == [{"name": "GH200", "memory_mib": 0}]
    assert parse("No devices were found\n") == []
    assert parse("") == []


def lay(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


def test_limits_of_version_2(tmp_path):
    root = lay(
        tmp_path,
        {
            "proc/self/cgroup": "0::/system.slice/box\n",
            "proc/meminfo": "MemTotal:       33554432 kB\nMemFree: 1 kB\n",
            "sys/fs/cgroup/system.slice/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/system.slice/box/cpu.max": "max 100000\n",
            "sys/fs/cgroup/system.slice/box/memory.max": "4294967296\n",
            "sys/fs/cgroup/system.slice/memory.max": "max\n",
        },
    )
    assert hardware.cgroup_cpus(root) == 1.5
    assert hardware.memory_gib(root) == 4.0


def test_limits_of_version_1(tmp_path):
    root = lay(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
            "proc/meminfo": "MemTotal:       16777216 kB\n",
            # Inside a container the group's own folder is the mount's root.
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
    )
    assert hardware.cgroup_cpus(root) == 0.5
    assert hardware.memory_gib(root) == 16.0


def test_no_limits(tmp_path):
    root = lay(
        tmp_path,
        {"proc/self/cgroup": "0::/\n", "proc/meminfo": "MemTotal: 1048576 kB\n", "sys/fs/cgroup/cpu.max": "max 100000"},
    )
    assert hardware.cgroup_cpus(root) is None
    assert hardware.memory_gib(root) == 1.0
