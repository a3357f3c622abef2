"""The strongest peer on a CPU: training steps in JAX, compiled whole as one `lax.scan` over steps.

Written from the equations that the engine's learners name (EMPO, Eqs. 11 to 13; TD3+BC, Eqs. 3-5), with the same sizes,
batches and shape of data; ten seeds are a `vmap`. `step_speed` starts this module in an environment of its own
(`make bench-peers`) and asks it on its standard input, line by line, for ``<step> <seeds> <count>``; each answer is the
CPU seconds that so many steps took.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp

OBSERVATION, ACTION, ROWS, BATCH, CLUSTERS = 17, 6, 200_000, 256, 2
NARROW, WIDE = (64, 64, 64), (256, 256)
LEARNING_RATE, TARGET_RATE = 3e-4, 0.005
CHUNK = 32  # steps of one scan

State = dict[str, Any]


def main() -> None:
    """Answer requests until the input ends."""
    scans: dict[tuple[str, int], Callable[[int], None]] = {}
    for line in sys.stdin:
        name, *numbers = line.split()
        seeds, count = map(int, numbers)
        if (name, seeds) not in scans:
            scans[name, seeds] = scan(*STEPS[name], seeds)
            scans[name, seeds](CHUNK)
        started = time.process_time()
        scans[name, seeds](count)
        print(time.process_time() - started, flush=True)


def scan(start: Callable[..., State], step: Callable[..., State], seeds: int) -> Callable[[int], None]:
    """Makes a number of steps, a multiple of `CHUNK`, of all seeds."""
    data = jax.random.normal(jax.random.key(0), (ROWS, 2 * (OBSERVATION + ACTION) + 3))
    keys = jax.random.split(jax.random.key(1), seeds)

    def run_one(state: State, data: jax.Array) -> State:
        return jax.lax.scan(lambda carried, _: (step(carried, data), None), state, None, length=CHUNK)[0]

    run = jax.jit(run_one if seeds == 1 else jax.vmap(run_one, (0, None)))
    holder = [start(keys[0]) if seeds == 1 else jax.vmap(start)(keys)]

    def run_all(count: int) -> None:
        for _ in range(count // CHUNK):
            holder[0] = run(holder[0], data)
        jax.block_until_ready(holder[0])

    return run_all


def network(key: jax.Array, sizes: tuple[int, ...]) -> list[tuple[jax.Array, jax.Array]]:
    """Weights uniform in ``+-1/sqrt(fan_in)``, biases of zero."""
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        (jax.random.uniform(k, (i, o), minval=-(i**-0.5), maxval=i**-0.5), jnp.zeros(o))
        for k, (i, o) in zip(keys, pairwise(sizes), strict=True)
    ]


def evaluate(layers: list[tuple[jax.Array, jax.Array]], x: jax.Array) -> jax.Array:
    """A perceptron with ReLU between its layers."""
    for weight, bias in layers[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    return x @ layers[-1][0] + layers[-1][1]


def adam_start(parameters: Any) -> State:
    """Parameters with moments of zero."""
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return {"parameters": parameters, "mean": zeros, "square": zeros, "steps": jnp.zeros(())}


def adam(state: State, gradient: Any) -> State:
    """One step of Adam with its own defaults."""
    steps = state["steps"] + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state["mean"], gradient)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state["square"], gradient)
    rate, root = LEARNING_RATE / (1 - 0.9**steps), 1 / jnp.sqrt(1 - 0.999**steps)
    parameters = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) * root + 1e-8), state["parameters"], mean, square
    )
    return {"parameters": parameters, "mean": mean, "square": square, "steps": steps}


def polyak(target: Any, parameters: Any) -> Any:
    """The target copy moved towards the parameters."""
    return jax.tree.map(lambda t, p: t + TARGET_RATE * (p - t), target, parameters)


def drawn(key: jax.Array, data: jax.Array) -> list[jax.Array]:
    """Observations, actions, next observations and actions, reward, discount and cluster of random rows."""
    rows = data[jax.random.randint(key, (BATCH,), 0, len(data))]
    widths = OBSERVATION, ACTION, OBSERVATION, ACTION, 1, 1
    return jnp.split(rows, [sum(widths[: i + 1]) for i in range(len(widths))], axis=1)


def sarsa_start(key: jax.Array) -> State:
    """Q of two clusters and its target copy."""
    q = network(key, (OBSERVATION + ACTION, *NARROW, CLUSTERS))
    return {"key": key, "q": adam_start(q), "target": jax.tree.map(jnp.copy, q), "count": jnp.zeros((), jnp.int32)}


def sarsa_step(state: State, data: jax.Array) -> State:
    """``[Q_z(s, a) - (r + gamma Qbar_z(s', a'))]^2``, and the target copy every second step."""
    key, sampling = jax.random.split(state["key"])
    observations, actions, next_observations, next_actions, rewards, _, cluster = drawn(sampling, data)
    assigned = jax.nn.one_hot((cluster[:, 0] > 0).astype(jnp.int32), CLUSTERS)
    following = evaluate(state["target"], jnp.concatenate([next_observations, next_actions], 1))
    wanted = rewards[:, 0] + 0.999 * (following * assigned).sum(1)
    pairs = jnp.concatenate([observations, actions], 1)

    def loss(q: Any) -> jax.Array:
        return jnp.square((evaluate(q, pairs) * assigned).sum(1) - wanted).mean()

    q, count = adam(state["q"], jax.grad(loss)(state["q"]["parameters"])), state["count"] + 1
    moved = partial(polyak, state["target"], q["parameters"])
    target = jax.lax.cond(count % 2 == 0, moved, lambda: state["target"])
    return {"key": key, "q": q, "target": target, "count": count}


def value_start(key: jax.Array) -> State:
    """V of two clusters."""
    return {"key": key, "v": adam_start(network(key, (OBSERVATION, *NARROW, CLUSTERS)))}


def value_step(state: State, data: jax.Array) -> State:
    """``[V_z(s) - R(s)]^2``."""
    key, sampling = jax.random.split(state["key"])
    observations, _, _, _, returns, _, cluster = drawn(sampling, data)
    assigned = jax.nn.one_hot((cluster[:, 0] > 0).astype(jnp.int32), CLUSTERS)

    def loss(v: Any) -> jax.Array:
        return jnp.square((evaluate(v, observations) * assigned).sum(1) - returns[:, 0]).mean()

    return {"key": key, "v": adam(state["v"], jax.grad(loss)(state["v"]["parameters"]))}


def td3_bc_start(key: jax.Array) -> State:
    """Actor, twin critics, and target copies of both."""
    keys = jax.random.split(key, 3)
    actor = network(keys[0], (OBSERVATION, *WIDE, ACTION))
    critics = [network(k, (OBSERVATION + ACTION, *WIDE, 1)) for k in keys[1:]]
    targets = jax.tree.map(jnp.copy, (actor, critics))
    return {"key": key, "actor": adam_start(actor), "critics": adam_start(critics), "targets": targets,
            "count": jnp.zeros((), jnp.int32)}  # fmt: skip


def values_of(critics: Any, observations: jax.Array, actions: jax.Array) -> jax.Array:
    """Values ``[critic, batch]``."""
    pairs = jnp.concatenate([observations, actions], 1)
    return jnp.stack([evaluate(critic, pairs)[:, 0] for critic in critics])


def td3_bc_step(state: State, data: jax.Array) -> State:
    """One step of both critics, and every second time one of the actor and the target copies."""
    key, sampling, noising = jax.random.split(state["key"], 3)
    observations, actions, next_observations, _, rewards, discounts, _ = drawn(sampling, data)
    actor_target, critic_targets = state["targets"]
    noise = jnp.clip(0.2 * jax.random.normal(noising, actions.shape), -0.5, 0.5)
    proposed = jnp.clip(jnp.tanh(evaluate(actor_target, next_observations)) + noise, -1, 1)
    wanted = rewards[:, 0] + 0.99 * discounts[:, 0] * values_of(critic_targets, next_observations, proposed).min(0)

    def critic_loss(critics: Any) -> jax.Array:
        return jnp.square(values_of(critics, observations, actions) - wanted).mean(1).sum()

    critics = adam(state["critics"], jax.grad(critic_loss)(state["critics"]["parameters"]))

    def actor_loss(actor: Any) -> jax.Array:
        chosen = jnp.tanh(evaluate(actor, observations))
        values = values_of(critics["parameters"][:1], observations, chosen)[0]
        weight = 2.5 / jax.lax.stop_gradient(jnp.abs(values).mean())
        return jnp.square(chosen - actions).mean() - weight * values.mean()

    def improved() -> tuple[State, Any]:
        actor = adam(state["actor"], jax.grad(actor_loss)(state["actor"]["parameters"]))
        return actor, polyak(state["targets"], (actor["parameters"], critics["parameters"]))

    count = state["count"] + 1
    actor, targets = jax.lax.cond(count % 2 == 0, improved, lambda: (state["actor"], state["targets"]))
    return {"key": key, "actor": actor, "critics": critics, "targets": targets, "count": count}


STEPS = {
    "sarsa": (sarsa_start, sarsa_step),
    "value": (value_start, value_step),
    "td3_bc": (td3_bc_start, td3_bc_step),
}

if __name__ == "__main__":
    main()
