import numpy as np
import torch

from stages.safety.limits.action_vae import ActionVae, divergence
from stages.training.draws import UniformDraws
from stages.training.learner import Update
from stages.training.loop import Loop
from stages.training.rows import Rows


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def vae_of(seeds=(0, 1), kl_weight: float = 0.5) -> ActionVae:
    return ActionVae(2, 1, (16,), kl_weight, list(seeds), 3e-3, torch.device("cpu"))


class Learner:
    """What `Loop` needs around an auto-encoder."""

    def __init__(self, vae: ActionVae) -> None:
        self.vae, self.updates = vae, [Update(vae.fit)]

    def tensors(self):
        return self.vae.tensors()

    def finished(self):
        return False


def test_divergence_is_that_of_torch():
    mean, log_std = normal(3, 5, 4), 0.3 * normal(3, 5, 4)
    q, p = torch.distributions.Normal(mean, log_std.exp()), torch.distributions.Normal(0.0, 1.0)
    torch.testing.assert_close(divergence(mean, log_std), torch.distributions.kl_divergence(q, p).mean(-1))
    assert divergence(torch.zeros(2, 3), torch.zeros(2, 3)).abs().max() == 0


def test_loss_by_hand():
    vae = vae_of(kl_weight=0.7)
    batch = {"observations": normal(2, 1, 8, 2), "actions": normal(2, 1, 8, 1).tanh()}
    batch["latent_noise"] = normal(2, 1, 8, 2) + 1
    mean, log_std = vae.encoder(torch.cat([batch["observations"], batch["actions"]], -1)).detach().split(2, -1)
    latent = mean + log_std.exp() * batch["latent_noise"]
    decoded = vae.decoder(torch.cat([batch["observations"], latent], -1)).detach().tanh()
    reconstruction = (decoded - batch["actions"]).square().mean((1, 2, 3))
    expected = reconstruction + 0.7 * divergence(mean, log_std).mean((1, 2))
    before = {name: tensor.clone() for name, tensor in vae.tensors().items()}
    losses = vae.fit(batch)
    torch.testing.assert_close(losses["vae"].detach(), expected)
    torch.testing.assert_close(losses["vae reconstruction"].detach(), reconstruction)
    moved = {name for name, tensor in vae.tensors().items() if not torch.equal(tensor, before[name])}
    assert {"encoder/parameters", "decoder/parameters"} <= moved


def test_actions_unlike_the_data_are_the_strange_ones():
    random = np.random.default_rng(0)
    observations = random.uniform(-1, 1, (2000, 2)).astype(np.float32)
    actions = (0.3 * observations[:, :1] + 0.05 * random.standard_normal((2000, 1))).astype(np.float32)
    vae = vae_of(kl_weight=0.02)
    columns = {"observations": torch.from_numpy(observations), "actions": torch.from_numpy(actions)}
    rows = Rows(columns)
    Loop(Learner(vae), rows, UniformDraws([0, 1], len(rows), 128, noise=vae.noise)).run(1500)
    states = columns["observations"][None, None].expand(2, 1, -1, -1)

    def strangeness(actions: torch.Tensor) -> torch.Tensor:
        return vae.strangeness(torch.cat([states, actions[None, None].expand(2, 1, -1, -1)], -1)).mean((1, 2))

    usual = strangeness(columns["actions"])
    assert (strangeness(torch.full_like(columns["actions"], 0.95)) > 2 * usual).all()
    assert (strangeness(torch.full_like(columns["actions"], -0.95)) > 2 * usual).all()
