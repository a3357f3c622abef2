import pytest
import torch

from stages.clustering.autoencoders.autoencoder import TrajectoryAutoencoder
from stages.clustering.dec import DecSettings, Embedding, sharpened, soft_assignment
from stages.networks.sequences.parts import Block
from stages.training.checkpoint import Checkpoint
from stages.training.job import Job
from stages.training.loop import Loop
from tests.clustering.autoencoder_data import QUICK, KillAt, Killed, continuous, discrete, method_of, rand_indices

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    DecSettings(
        hidden_sizes=(16, 16),
        pretrain_steps=5,
        train_steps=10,
        window=10,
        batch_windows=16,
        width=8,
        batch_size=50,
        learning_rate=0.003,
        num_clusters=2,
        refit_epochs=4,
    ),
]


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("dataset", [continuous(), discrete()], ids=["continuous", "discrete"])
def test_separable_policies_are_found_by_every_seed(dataset):
    found = method_of("dec", dataset, [0, 1, 2], renewal_steps=25).fit()
    assert rand_indices(found, dataset.behaviour_policy) == [1.0] * 3
    assert found.details["latents"].shape == (3, 40, 4)
    assert {"divergence/values", "centroid distance min/values", "pretraining loss/values"} <= set(found.metrics)


def test_assignment_is_students_t_kernel():
    latents, centroids = random(2, 7, 3), random(2, 4, 3)
    kernel = (1 + torch.cdist(latents, centroids).square()).reciprocal()
    found = soft_assignment(latents, centroids)
    torch.testing.assert_close(found, kernel / kernel.sum(-1, keepdim=True))
    assert torch.equal(found.argmax(-1), torch.cdist(latents, centroids).argmin(-1))


def test_target_sums_to_one_is_sharper_and_is_weighed_by_cluster_size():
    assignment = torch.softmax(random(1, 50, 3), dim=-1)
    target = sharpened(assignment)
    torch.testing.assert_close(target.sum(-1), torch.ones(1, 50))
    even = torch.softmax(torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]), dim=-1)
    assert (sharpened(even).max(-1).values > even.max(-1).values).all()
    uneven = torch.tensor([[[0.9, 0.1], [0.9, 0.1], [0.5, 0.5]]])
    assert sharpened(uneven)[0, 2].argmax() == 1
    sure = torch.eye(3)[None]
    torch.testing.assert_close(sharpened(sure), sure)


def test_divergence_makes_assignments_surer():
    """24 of 24 seeds; after half the pretraining 22: where latents are not apart yet there is nothing to draw."""
    plain, drawn = (
        method_of("dec", seeds=[0, 1], divergence_weight=weight, changed_share=0.0) for weight in (0.0, 9.0)
    )
    sure = [method.fit().responsibilities.max(-1).values.mean(1) for method in (plain, drawn)]
    assert (sure[1] > sure[0]).all()


def test_a_seed_stops_once_its_labels_do_not_change():
    found = method_of("dec", seeds=[0, 1], train_steps=400, renewal_steps=10, changed_share=0.01).fit()
    assert found.converged == [True, True]
    labelled = found.history_labels[:, :, 0] >= 0
    assert (labelled.sum(0) < 20).all()
    for seed in range(2):
        last = found.history_labels[labelled[:, seed], seed][-1]
        assert torch.equal(last.long(), found.labels[seed])
    assert found.score_history[-1].isnan().all()
    endless = method_of("dec", train_steps=20, renewal_steps=10, changed_share=0.0).fit()
    assert endless.converged == [False]
    assert (endless.history_labels >= 0).all()


def test_a_seed_does_not_depend_on_those_beside_it():
    options = {"train_steps": 60, "renewal_steps": 10, "changed_share": 0.05, "pretrain_steps": 20}
    block, alone = method_of("dec", seeds=[0, 2], **options).fit(), method_of("dec", seeds=[2], **options).fit()
    torch.testing.assert_close(block.responsibilities[1], alone.responsibilities[0], rtol=1e-2, atol=1e-2)
    assert torch.equal(block.history_labels[:, 1], alone.history_labels[:, 0])


@pytest.mark.parametrize("step", [4, 13])
def test_kill_and_resume_is_bit_equal(tmp_path, monkeypatch, step):
    monkeypatch.chdir(tmp_path)
    settings = DecSettings(
        **{**QUICK, "batch_windows": 10, "train_steps": 20, "renewal_steps": 5, "changed_share": 0.0}
    )

    def run(progress: KillAt | None) -> dict[str, torch.Tensor]:
        centres = Block((2, settings.latent_width), 1.0, normal=True)
        phase = Embedding(TrajectoryAutoencoder(Job(continuous(), [0, 1]), settings, {"centroids": centres}), settings)
        checkpoint = Checkpoint("dec", "out", "print", every_seconds=0.0)
        metrics = Loop(phase, phase.rows, phase.draws, checkpoint, progress, log_every=10).run(20)
        return {**phase.tensors(), **metrics.tensors()}

    with pytest.raises(Killed):
        run(KillAt("test", step))
    resumed = run(None)
    (tmp_path / ".checkpoints" / "out.dec.safetensors").unlink()
    whole = run(None)
    assert resumed.keys() == whole.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor.nan_to_num(), resumed[name].nan_to_num()), name


def test_unseen_episodes_and_degenerate_input():
    method = method_of("dec", train_steps=20, pretrain_steps=20)
    found = method.fit()
    torch.testing.assert_close(method.predict(method.job.dataset), found.responsibilities)
    single = method_of("dec", continuous(1, 1), num_clusters=1, train_steps=5, pretrain_steps=5).fit()
    assert single.sizes() == [[1]]
