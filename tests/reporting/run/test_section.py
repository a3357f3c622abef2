from pathlib import Path

from stages.reporting.gathering import Collection, DatasetResults, gather
from stages.reporting.run.results import SOURCES, Job, Run
from stages.reporting.run.section import flattened, times_table


def job(stage: str, seconds: float, max_rss: float | None = None) -> Job:
    return Job(stage, ("em",), 1, seconds, None, max_rss)


def test_times_are_added_up_by_stage_and_the_largest_memory_is_taken():
    jobs = [job("clusters", 59.6, 812.4), job("critics", 3.0), job("clusters", 3600.0, 1500.2), job("clusters", 1.0)]
    table = times_table(Collection(a=DatasetResults("a", {Run: Run(jobs)}), b=DatasetResults("b")))
    assert table.rows == [
        ["Clustering", "a", "3", "1 h 01 min", "1,500 MB"],
        ["Critics of each cluster", "a", "1", "3 s", ""],
    ]
    assert times_table(Collection()) is None


def test_costs_are_per_seed_and_of_the_recipe():
    jobs = [Job("clusters", ("em",), 2, 9.0, 8.0, 300.0), Job("clusters", ("em",), 1, 4.0, None, None)]
    cost = Run([*jobs, Job("critics", ("em",), 1, 99.0, 99.0, 900.0)]).cost("clusters", "em")
    assert (cost.cpu_seconds, cost.max_rss_mb) == (4.0, 300.0)
    assert Run().cost("clusters", "em").cpu_seconds is None


def test_jobs_are_known_by_their_place(tmp_path: Path):
    files = []
    for place in ("logs/improved/a/em/ppo/seeds-0-1.tsv", "logs/k_sensitivity/a.tsv", "logs/elsewhere/a/b/c.tsv"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("s\th:m:s\tmax_rss\tcpu_time\n2.5\t0:00:02\t-\tNA\n")
        files.append(str(path))
    (results,) = gather(files, SOURCES).values()
    assert results.of(Run).jobs == [
        Job("improved", ("em", "ppo"), 2, 2.5, None, None),
        Job("k_sensitivity", (), 1, 2.5, None, None),
    ]


def test_settings_are_flattened_in_order():
    assert flattened({"a": {"b": 1, "c": {}}, "d": None}) == [["a.b", "1"], ["a.c", "{}"], ["d", ""]]
