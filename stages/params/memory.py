"""How much memory a job may take: so much to start with, and so much for each megabyte that it reads.

Datasets are uncompressed, and learners hold some copies of their arrays: scaled, and packed into rows. What jobs took
stands beside their logs (`max_rss`), and a test holds it against this. It limits nothing by itself: SLURM reserves it,
and ``snakemake --resources mem_mb=8000`` keeps the jobs that run side by side below a limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CUDA_MB = 4000  # of the host, for a CUDA context and torch's kernels; generous, not measured


@dataclass(frozen=True)
class Memory:
    """Resident memory at most, in MB.

    Attributes:
        base: What does not grow with the data: Python, libraries, networks.
        per_mb: For each MB of input.
    """

    base: float = 550.0
    per_mb: float = 7.0

    def needed(self, input_mb: float, cuda: bool = False) -> int:
        """Of a job with so much input, on a GPU or not."""
        return round(self.base + self.per_mb * input_mb + cuda * CUDA_MB)


def may_use_cuda(device: str, here: bool) -> bool:
    """Whether jobs on `device` (``auto``, ``cpu`` or ``cuda``) may run on a GPU, of this machine or of any other."""
    return device != "cpu" and (not here or any(Path("/dev").glob("nvidia[0-9]*")))
