import pytest
import torch

from stages.embeddings import EMBEDDINGS
from stages.embeddings.contract import fit
from stages.embeddings.love import LoveSettings, extract
from stages.embeddings.pooled_skills import PooledSkills, PooledSkillsSettings
from stages.embeddings.skills.skills import Skills
from stages.errors import UserError
from stages.training.job import Job
from tests.smallest import smallest, smallest_choice
from tests.synthetic import make_episodes

SMALLEST = [PooledSkillsSettings()]
DATASET = make_episodes([9, 30, 14])


def skills_of(seeds):
    return extract(Job(DATASET, seeds), smallest(LoveSettings, "stages.embeddings.love"))


def test_it_is_the_mean_over_steps_or_boundaries():
    given = skills_of([0, 1])
    steps = Skills(given).of(DATASET)
    last, begins = steps.scores[1, 39:], steps.reads[1, 39:] > 0
    for over, expected in (("steps", last.mean(0)), ("boundaries", last[begins].mean(0))):
        made = PooledSkills.fit(Job(DATASET, [0, 1]), PooledSkillsSettings(over=over), given)
        torch.testing.assert_close(made.raw(DATASET)[1, 2], expected, rtol=1e-4, atol=1e-5)


def test_skills_of_other_seeds_or_none_are_refused():
    choice = smallest_choice(EMBEDDINGS, "pooled_skills")
    with pytest.raises(UserError, match=r"skills of seeds \[1\], the embedding's are \[0\]"):
        fit(Job(DATASET, [0]), choice, skills_of([1]))
    with pytest.raises(UserError, match="pooled_skills needs skills, this is not there"):
        fit(Job(DATASET, [0]), choice)
