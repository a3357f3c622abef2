from stages.embed_trajectories import main
from stages.embeddings import EMBEDDINGS
from stages.embeddings.embeddings_file import EmbeddingsFile
from stages.formats.native import write_native
from tests.smallest import smallest_choice
from tests.synthetic import two_policies


def test_all_episodes_are_embedded_and_a_share_is_learnt_from(tmp_path, capsys):
    write_native(tmp_path / "data.hdf5", two_policies(20, steps=6))
    output = str(tmp_path / "made.safetensors")
    main(str(tmp_path / "data.hdf5"), None, output, smallest_choice(EMBEDDINGS, "summary"), [0, 1], "cpu")
    found = EmbeddingsFile.read(output)
    assert found.embeddings.shape == (2, 20, 8) and found.training.sum() == 16
    assert "embedded 20 episodes (16 learnt from) in 8 numbers, seeds [0, 1]" in capsys.readouterr().out
