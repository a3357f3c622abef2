"""Datasets that are made of other datasets, or of policies that are trained first."""

import pytest

from stages.formats.loading import load

pytestmark = pytest.mark.slow

DATASETS = [f"data/generated/{name}.hdf5" for name in ("hopper-medium-expert", "hopper-medium-expert-10k")]
OWN = "data/generated/own.hdf5"


def test_a_mixture_follows_its_sources(project):
    project.set("datasets.hopper-medium-expert.generate.seed", 1)
    assert project.plan(*DATASETS) == {"generate_dataset": 1, "mix_datasets": 1}
    project.set("datasets.hopper-medium-expert.generate.seed", 0)
    project.set("datasets.hopper-medium-expert-10k.mix.seed", 1)
    assert project.plan(*DATASETS) == {"mix_datasets": 1}


def test_a_mixture_of_what_is_not_there_is_refused(project):
    project.set("datasets.mine", {"mix": {"sources": {"diagonl": {}}}})
    output = project.run("snakemake", "-n", succeeds=False)
    assert (
        "params.yaml: datasets.mine.mix.sources.diagonl: unknown dataset 'diagonl'. Did you mean 'diagonal'?" in output
    )


def test_behaviours_are_trained_where_a_dataset_asks_for_them(project):
    learner = {"method": "sac", "num_steps": 20, "snapshot_every": 10, "num_robots": 1, "random_steps": 10,
               "hidden_sizes": [8, 8], "batch_size": 8}  # fmt: skip
    ladder = {"levels": {"poor": [-100, 100]}, "episodes": 2}
    project.set("train_behaviours.tiny", {"environment": "Hopper-v4", "learner": learner, "ladder": ladder})
    generate = {"method": "behaviours", "environment": "Hopper-v4", "behaviours": {"poor": 50, "random": 50},
                "actors": "results/behaviours/tiny.safetensors"}  # fmt: skip
    project.set("datasets.own", {"generate": generate})
    assert project.plan(OWN) == {"train_behaviours": 1, "generate_dataset": 1}
    project.run("snakemake", OWN)
    dataset = load(project.path / OWN)
    assert dataset.behaviour_policy_names == ("poor", "random") and dataset.num_steps >= 100
    project.set("train_behaviours.tiny.learner.discount", 0.9)
    assert project.plan(OWN) == {"train_behaviours": 1, "generate_dataset": 1}
