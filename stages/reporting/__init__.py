"""Sections of the report in the order of the page, and tables of studies, which are functions of files and settings.

A further family adds its folder beside this file and its names here.
"""

from stages.registry import Registry

SECTIONS = Registry(
    "section",
    __name__,
    {
        "data.section": ["data"],
        "returns.section": ["returns"],
        "offline.section": ["offline"],
        "estimates.section": ["estimates"],
        "safe.section": ["safe"],
        "clusterings.section": ["clusterings"],
        "embeddings.section": ["embeddings"],
        "run.section": ["run"],
    },
)
TABLES = Registry(
    "table",
    __name__,
    {
        "clusterings.rows": ["clustering"],
        "clusterings.k_rows": ["k_sensitivity"],
        "clusterings.ablation": ["ablation"],
        "returns.figure4": ["figure4"],
        "offline.rows": ["offline_rl"],
        "safe.study_rows": ["safe_studies"],
    },
)
