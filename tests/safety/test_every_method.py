"""What every safe method promises, whatever it does: checked for those of today and of tomorrow."""

import pytest
import torch

from stages.artifacts import Artifact
from stages.safety import SAFETY
from tests.safety.smallest import LIMITS, trained


@pytest.mark.parametrize("name", SAFETY.names())
def test_policies_survive_being_saved(name, tmp_path):
    made = trained(name, (3, 7))
    made.save(tmp_path / "policies.safetensors")
    loaded = Artifact.load(tmp_path / "policies.safetensors")
    assert (loaded.metadata["kind"], loaded.metadata["method"]) == ("safe", name)
    assert loaded.metadata["limits"] == list(LIMITS)
    for part, tensor in made.tensors.items():
        assert torch.equal(loaded.tensors[part], tensor)
    assert all(tensor.isfinite().all() for tensor in loaded.tensors.values())


@pytest.mark.parametrize("name", SAFETY.names())
def test_methods_say_what_they_are(name):
    module = __import__(SAFETY.entry(name).__module__, fromlist=["__doc__"])
    assert "Source:" in module.__doc__
    assert "Objective" in module.__doc__
    for field, info in SAFETY.settings(name).model_fields.items():
        assert info.description, f"{name}.{field}"
        assert not info.is_required(), f"{name}.{field} has no default"
