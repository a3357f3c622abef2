"""The report, and the tables of studies: functions of files and settings, by name."""

from stages.registry import Registry

TABLES = Registry(
    "table",
    __name__,
    {
        "clusterings.rows": ["clustering"],
        "clusterings.k_rows": ["k_sensitivity"],
        "clusterings.ablation": ["ablation"],
        "returns.figure4": ["figure4"],
        "safe.study_rows": ["safe_studies"],
    },
)
