from stages.embed_trajectories import main as embed
from stages.embeddings import EMBEDDINGS
from stages.embeddings.embeddings_file import EmbeddingsFile
from stages.embeddings.love import LoveSettings
from stages.extract_skills import main
from stages.formats.native import write_native
from tests.smallest import smallest, smallest_choice
from tests.synthetic import make_episodes, two_policies


def test_skills_are_extracted_and_embeddings_read_them(tmp_path, capsys):
    data, skills, output = (str(tmp_path / name) for name in ("data.hdf5", "skills.safetensors", "made.safetensors"))
    write_native(data, two_policies(20, steps=12))
    main(data, skills, smallest(LoveSettings, "stages.embeddings.love"), [0, 1], "cpu")
    said = capsys.readouterr().out
    assert "learnt skills from 16 episodes for seeds [0, 1]" in said and "compressed/code length" in said
    embed(data, skills, output, smallest_choice(EMBEDDINGS, "vte"), [0, 1], "cpu")
    found = EmbeddingsFile.read(output)
    assert found.embeddings.shape == (2, 20, 2) and found.facts["given"]["kind"] == "skills"


def test_episodes_too_short_for_a_skill_are_counted(tmp_path, capsys):
    data, skills = str(tmp_path / "data.hdf5"), str(tmp_path / "skills.safetensors")
    write_native(data, make_episodes([12, 2, 12, 2, 12, 12, 2, 12]))
    main(data, skills, smallest(LoveSettings, "stages.embeddings.love", training_share=1.0), [0], "cpu")
    assert "3 of them are shorter than a skill lasts at least, 3 steps" in capsys.readouterr().out
