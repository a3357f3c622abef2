"""Tables of offline algorithms are quoted from the comparison of each dataset."""

from __future__ import annotations

from stages.quoting import offline
from stages.quoting.tables import TABLES


def test_tables_of_offline_algorithms(tmp_path):
    """A dataset's table is enough: the run behind it need not be finished."""
    folder = tmp_path / "offline_rl"
    folder.mkdir()
    head = "agent,trained_on,reference,seed,sampled,return_mean,rollouts,d4rl_score,steps,widths,batch_size\n"
    of_agent = "{0},all episodes,iql,{1},False,9,1 2,{2},5000,64-64,256\n"
    scores = [("iql", 0, 10), ("iql", 1, 20), ("iql", 2, 60), ("c4_iql", 0, 11), ("c4_iql", 1, 22), ("c4_iql", 2, 63)]
    (folder / "hopper.csv").write_text(head + "".join(of_agent.format(*score) for score in scores))
    (folder / "walker.csv").write_text(head + "".join(of_agent.format(*score) for score in scores[:2]))
    rows = offline.take(tmp_path, [""])
    assert (rows[3].agent, rows[3].seed, rows[3].score, rows[3].rollouts, rows[3].steps) == ("c4_iql", 0, 11.0, 2, 5000)
    table = offline.table(rows, "")
    assert "| | hopper | walker |" in table and "| IQL | 30.0 | 15.0 |" in table
    assert "| IQL with C4 | 32.0 (+2.0 [-0.5, 4.5]) | - |" in table
    assert not TABLES["offline"].whole_run and TABLES["returns"].whole_run
