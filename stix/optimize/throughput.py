"""Half-precision throughput of accelerators: how quick they are, roughly, next to one another."""

_TABLE = (
    "P100:21.2 V100:125 V100-32GB:125 T4:65 T4g:65 A10:125 A10G:70 A30:165 A40:149.7 A100:312 A100-80GB:312 "
    "A100-80GB-SXM:312 A800:312 RTXA6000:154.8 RTX6000:130.5 RTX6000-Ada:364.2 RTX3090:71 RTX4090:165.2 RTX5090:209.5 "
    "L4:121 L40:181 L40S:362 H100:989 H100-SXM:989 H100-NVL:835 H100-MEGA:989 H200:989 H200-SXM:989 GH200:989 "
    "B200:2250 B300:2250 GB200:2500 MI25:24.6 MI300X:1307 Gaudi2:432 Inferentia2:190 Trainium:190 Trainium2:667 "
    "tpu-v3-32:1968 tpu-v3-64:3936 tpu-v3-128:7872 tpu-v3-256:15744 tpu-v3-512:31488 tpu-v3-1024:62976 "
    "tpu-v3-2048:125952 tpu-v5e-1:197 tpu-v5e-4:788 tpu-v5e-8:1576 tpu-v5e-16:3152 tpu-v5e-32:6304 tpu-v5e-64:12608 "
    "tpu-v5e-128:25216 tpu-v5e-256:50432 tpu-v5p-8:1836 tpu-v5p-16:3672 tpu-v5p-32:7344 tpu-v5p-64:14688 "
    "tpu-v5p-128:29376 tpu-v5p-256:58752 tpu-v5p-384:88128 tpu-v5p-512:117504 tpu-v5p-1024:235008 tpu-v5p-2048:470016 "
    "tpu-v5p-4096:940032 tpu-v6e-1:918 tpu-v6e-4:3672 tpu-v6e-8:7344 tpu-v6e-16:14688 tpu-v6e-32:29376 "
    "tpu-v6e-64:58752 tpu-v6e-128:117504 tpu-v6e-256:235008 "
)

FP16_TFLOPS = {name.lower(): float(tflops) for name, _, tflops in (each.partition(":") for each in _TABLE.split())}
"""Lower-case name -> dense fp16 (bf16) TFLOPS of one counted accelerator, of a whole slice for a TPU.

From the makers' data sheets, as in the catalog's table of accelerators (2026-11-22).
"""
