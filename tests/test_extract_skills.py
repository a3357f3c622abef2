from stages.embed_trajectories import main as embed
from stages.embeddings import EMBEDDINGS
from stages.embeddings.embeddings_file import EmbeddingsFile
from stages.embeddings.love import LoveSettings
from stages.extract_skills import main
from stages.formats.native import write_native
from tests.smallest import smallest, smallest_choice
from tests.synthetic import two_policies


def test_skills_are_extracted_and_embeddings_read_them(tmp_path, capsys):
    data, skills, output = (str(tmp_path / name) for name in ("data.hdf5", "skills.safetensors", "made.safetensors"))
    write_native(data, two_policies(20, steps=12))
    main(data, skills, smallest(LoveSettings, "stages.embeddings.love"), [0, 1], "cpu")
    said = capsys.readouterr().out
    assert "learnt skills from 16 episodes for seeds [0, 1]" in said and "compressed/code length" in said
    embed(data, skills, output, smallest_choice(EMBEDDINGS, "vte"), [0, 1], "cpu")
    found = EmbeddingsFile.read(output)
    assert found.embeddings.shape == (2, 20, 2) and found.facts["given"]["kind"] == "skills"
