"""Speed of making and importing data against the simulators and h5py themselves.

    python -m benchmarks.data_speed [--rounds 5] [--megabytes 1000]

One process, one thread; candidates take turns, CPU time is counted. Prints tables and writes them to
`benchmarks/results/data_speed.json` and the README there.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import numpy as np

from benchmarks.measure import Candidate, cpu_clock, take_turns
from benchmarks.processes import measured
from benchmarks.speed_tables import FOLDER
from stages.environments.loading import make
from stages.environments.navigation import Navigation, NavigationSettings
from stages.environments.recording import record
from stages.online.actors import Actors
from stages.online.ladder import sampling

ROBOTS = ("Hopper-v4", "HalfCheetah-v4", "Walker2d-v4")
AGENTS = 10_000
EPISODES = 50
BEGIN, END = "<!-- data_speed begin -->", "<!-- data_speed end -->"


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description="Measure the speed of making and importing data.")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the imported file")
    arguments = parser.parse_args()
    rows = [navigation(arguments.rounds), *(robot(environment, arguments.rounds) for environment in ROBOTS)]
    with tempfile.TemporaryDirectory() as folder:
        rows += importing(Path(folder), arguments.megabytes)
    table = "\n".join(["| what | measured | target |", "| --- | ---: | ---: |", *rows])
    print(table)
    (FOLDER / "results" / "data_speed.json").write_text(json.dumps(rows, indent=2) + "\n")
    readme = FOLDER / "README.md"
    before, rest = readme.read_text().split(BEGIN, 1)
    readme.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END, 1)[1]}")


def navigation(rounds: int) -> str:
    """Agent-steps of the navigation task."""
    task, random = Navigation(NavigationSettings()), np.random.default_rng(0)
    task.reset(AGENTS, random)
    actions = random.uniform(-0.2, 0.2, (AGENTS, 2))

    def run(count: int) -> None:
        for _ in range(count):
            task.step(actions)

    candidate = Candidate(run)
    take_turns([candidate], rounds, 0.5, cpu_clock)
    return f"| navigation, agent-steps per second | {candidate.rate * AGENTS / 1e6:.1f} million | 20 million |"


def robot(environment_id: str, rounds: int) -> str:
    """Recording a robot, policy included, against Gymnasium stepping through the same actions one by one."""
    actors = Actors.load(f"data/behaviours/{environment_id}.safetensors").select(["expert"])
    environment = make(environment_id)
    dataset = record(environment, sampling(actors, environment), seed=0, purpose="speed", num_episodes=EPISODES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        plain: Any = gymnasium.make(environment_id, disable_env_checker=True).unwrapped
    actions = dataset.actions.astype(np.float64)
    starts = dataset.episode_starts, dataset.episode_ends

    def record_all(count: int) -> None:
        for _ in range(count):
            record(environment, sampling(actors, environment), seed=0, purpose="speed", num_episodes=EPISODES)

    def step_all(count: int) -> None:
        for _ in range(count):
            for start, end in zip(*starts, strict=True):
                plain.reset(seed=int(start))
                for action in actions[start:end]:
                    plain.step(action)

    ours, theirs = Candidate(record_all), Candidate(step_all)
    take_turns([ours, theirs], rounds, 0.5, cpu_clock)
    rate = ours.rate * dataset.num_steps
    return (
        f"| {environment_id}: {rate:,.0f} steps per second, ratio to the simulator | {ours.ratio(theirs):.2f} | 0.80 |"
    )


def importing(folder: Path, megabytes: int) -> list[str]:
    """CPU time and peak memory of importing a file, against reading it with h5py and copying it twice."""
    file, output = folder / "large.hdf5", folder / "imported.hdf5"
    size = write_file(file, megabytes)
    ours = measured("-m", "stages.import_dataset", str(file), "--output", str(output))
    idle = measured("-c", "import stages.import_dataset, h5py")
    copying = f"import h5py, numpy as np; a = {{k: v[()] for k, v in h5py.File({str(file)!r}).items()}}; "
    theirs = measured(
        "-c", copying + "b = {k: v.copy() for k, v in a.items()}; c = {k: v.copy() for k, v in b.items()}"
    )
    plain = measured("-c", "import h5py, numpy")
    memory, seconds = (ours[0] - idle[0]) / size, ours[1] - idle[1]
    return [
        f"| import of {size / 1e6:,.0f} MB: peak memory in sizes of the data | {memory:.2f} | 1.5 |",
        f"| import of {size / 1e6:,.0f} MB: CPU seconds, against h5py and two copies | {seconds:.2f} against "
        f"{theirs[1] - plain[1]:.2f} | less |",
    ]


def write_file(file: Path, megabytes: int) -> int:
    """A D4RL file of random steps; the bytes of its arrays."""
    steps = megabytes * 10**6 // (4 * (17 + 17 + 6 + 1) + 2)
    random = np.random.default_rng(0)
    observations = random.standard_normal((steps + 1, 17), dtype=np.float32)
    ends = np.arange(1, steps + 1) % 1000 == 0
    arrays = {
        "observations": observations[:-1],
        "next_observations": observations[1:],
        "actions": random.uniform(-1, 1, (steps, 6)).astype(np.float32),
        "rewards": random.standard_normal(steps, dtype=np.float32),
        "terminals": np.zeros(steps, dtype=bool),
        "timeouts": ends,
    }
    with h5py.File(file, "w") as stored:
        for name, values in arrays.items():
            stored.create_dataset(name, data=values)
    return sum(values.nbytes for values in arrays.values())


if __name__ == "__main__":
    main()
