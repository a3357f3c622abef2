import json
from dataclasses import replace

import numpy as np

from stages.reporting.data.contents import contents_picture, contents_table
from stages.reporting.data.results import Ceiling, Data
from stages.reporting.data.section import ceiling_sentence
from stages.reporting.gathering import DatasetResults
from tests.synthetic import make_episodes


def results(name="data", **fields):
    dataset = make_episodes([4, 6, 5, 5])
    labels = {"behaviour_policy": np.array([0, 1, 1, 0]), "behaviour_policy_names": ("low", "high")}
    return DatasetResults(name, {Data: Data(replace(dataset, **labels | fields))})


def test_a_row_for_each_behaviour_and_one_for_all():
    table = contents_table(results())
    assert table.headings == ["behaviour", "episodes", "steps", "length", "terminated", "return"]
    assert [row[:5] for row in table.rows] == [
        ["low", "2", "9", "4.5", "50%"],
        ["high", "2", "11", "5.5", "50%"],
        ["all", "4", "20", "5.0", "50%"],
    ]
    returns = results().of(Data).dataset.episode_returns[[0, 3]]
    assert table.rows[0][5] == f"{returns.mean():,.1f} ± {returns.std():,.1f}"


def test_a_behaviour_without_episodes_has_no_means(recwarn):
    table = contents_table(results(behaviour_policy=np.array([1, 1, 1, 1])))
    assert table.rows[0] == ["low", "0", "0", "–", "–", "–"] and table.rows[1][1] == "4"
    assert contents_picture(results(behaviour_policy=np.array([1, 1, 1, 1]))) is not None
    assert not recwarn.list


def test_costs_and_scores_where_there_are_some():
    table = contents_table(results(costs=np.ones(20, dtype=np.float32), environment="Hopper-v4"))
    assert table.headings[-2:] == ["D4RL score", "cost"]
    assert [row[-1] for row in table.rows] == ["4.5 ± 0.5", "5.5 ± 0.5", "5.0 ± 0.7"]


def test_published_sizes_stand_beside_ours():
    table = contents_table(results("diagonal", environment="diagonal", behaviour_policy_names=("balanced", "zigzag1")))
    published = table.headings.index("published episodes"), table.headings.index("published length")
    assert [table.rows[0][column] for column in published] == ["20,697", "12.75"]
    assert table.rows[2][published[0]] == "–"


def test_the_picture_says_what_it_shows():
    assert contents_picture(results()).alt.startswith("Returns of all episodes and how often")
    with_costs = contents_picture(results(costs=np.ones(20, dtype=np.float32)))
    assert with_costs.alt.startswith("Returns of all episodes against their costs")
    assert contents_picture(DatasetResults("none")) is None


def test_the_ceiling_is_told_where_it_is_known():
    values = {"nmi": 0.93, "ari": 0.9, "ambiguous": 0.066, "further": 1}
    data = results(attributes={"oracle_ceiling": json.dumps(values)}).of(Data)
    assert data.ceiling == Ceiling(nmi=0.93, ari=0.9, ambiguous=0.066)
    text = ceiling_sentence(data.ceiling)
    assert "NMI 0.930" in text and "6.6%" in text
    assert results().of(Data).ceiling is None
