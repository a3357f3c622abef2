import json
from dataclasses import replace

import pytest

from stages.embed_trajectories import main as embed
from stages.embeddings import EMBEDDINGS
from stages.embeddings.probing.settings import ProbeSettings
from stages.errors import UserError
from stages.formats.native import write_native
from stages.probe_embeddings import main
from tests.smallest import smallest_choice
from tests.synthetic import two_policies

SETTINGS = ProbeSettings(beginnings=(3,), labels=(2,), mlp=False)


def probed(tmp_path, **changes):
    data, made, output = (str(tmp_path / name) for name in ("data.hdf5", "made.safetensors", "probes.json"))
    write_native(data, two_policies(40, steps=20, gap=0.8))
    embed(data, None, made, smallest_choice(EMBEDDINGS, "random_features", width=64, **changes), [0, 1], "cpu")
    main(data, made, output, SETTINGS)
    return json.loads((tmp_path / "probes.json").read_text())


def test_unseen_episodes_are_probed_by_seed(tmp_path):
    found = probed(tmp_path)
    assert found["seeds"] == [0, 1] and found["method"] == "random_features"
    assert min(found["scores"]["linear: level accuracy"]) == 1.0
    for name in ("first 3 steps: level accuracy", "2 labels: level accuracy", "with length: return R2"):
        assert len(found["scores"][name]) == 2
    # The mean of features of single steps does not know their order.
    assert found["scores"]["shuffled steps: return R2"] == pytest.approx(found["scores"]["linear: return R2"], abs=1e-3)


def test_returns_of_held_out_policies_are_judged_apart(tmp_path):
    found = probed(tmp_path, held_out=("b",))
    assert all(score is not None for score in found["scores"]["linear: held-out policies: return R2"])
    assert found["scores"]["linear: level accuracy"] == [None, None]


def test_what_cannot_be_probed_is_said(tmp_path, capsys):
    probed(tmp_path, held_out=("b",))
    assert "one level was learnt from, so there are none to tell apart" in capsys.readouterr().out
    dataset = two_policies(40, steps=20)
    data, made = str(tmp_path / "unrewarded.hdf5"), str(tmp_path / "unrewarded.safetensors")
    write_native(data, replace(dataset, rewards=0 * dataset.rewards))
    embed(data, None, made, smallest_choice(EMBEDDINGS, "summary"), [0], "cpu")
    main(data, made, str(tmp_path / "probes.json"), SETTINGS)
    assert "all returns are alike, so there are none to foretell" in capsys.readouterr().out


def test_without_unseen_episodes_nothing_is_judged(tmp_path):
    with pytest.raises(UserError, match="none is left to judge probes on"):
        probed(tmp_path, training_share=1.0)
