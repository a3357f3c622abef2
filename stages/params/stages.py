"""Where the settings of each stage are declared: in a registry of methods, or as a class of the stage's own."""

from __future__ import annotations

from stages.algorithms import ALGORITHMS
from stages.clustering import CLUSTERING
from stages.empo import IMPROVEMENT
from stages.generators import GENERATORS
from stages.registry import Registry
from stages.safety import SAFETY

METHODS: dict[str, Registry] = {
    "generate_dataset": GENERATORS,
    "cluster_trajectories": CLUSTERING,
    "improve_clusters": IMPROVEMENT,
    "train_offline": ALGORITHMS,
    "train_safe": SAFETY,
}
SETTINGS = {
    "import_dataset": "stages.formats.importing:ImportSettings",
    "mix_datasets": "stages.datasets.mixing:MixSettings",
    "train_behaviours": "stages.online.behaviours:BehaviourSettings",
    "partition_trajectories": "stages.safety.segments.partition:PartitionSettings",
    "train_critics": "stages.empo.critics:CriticSettings",
    "train_high_level": "stages.empo.high_level:HighLevelSettings",
    "evaluate": "stages.evaluation.returns:EvaluationSettings",
    "evaluate_safe": "stages.evaluation.safe_returns:SafeEvaluationSettings",
    "bound": "stages.evaluation.stitching_bound:BoundSettings",
    "diagnose_clusters": "stages.diagnosis.settings:DiagnosisSettings",
    "summarise": "stages.summarise:SummarySettings",
    "report": "stages.reporting.settings:ReportSettings",
    "summarise_figure4": "stages.reporting.returns.figure4:Figure4Settings",
    "summarise_safe_studies": "stages.reporting.safe.study_rows:StudySettings",
}
