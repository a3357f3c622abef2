import json

import pytest

from benchmarks.speed_tables import markdown, save


def step(name: str, seeds: int, **facts) -> dict:
    rates = {"native": [60.0, 70.0, 65.0], "torch": [30.0, 35.0, 32.5]}
    return {"step": name, "seeds": seeds, "rates": rates, "shares_of": 1.0, "ratio": 2.0,
            "target": None, "plain": None, "jax": None, **facts}  # fmt: skip


@pytest.fixture
def found() -> dict:
    jax = {"rates": {"1": [50.0, 50.0, 50.0], "10": [40.0, 40.0, 40.0]}, "ratio": 1.3, "target": 1.35}
    return {
        "device": "avx2",
        "processor": "one core",
        "per": "CPU second",
        "rounds": 3,
        "limit_gflops": 100.0,
        "products": {"1 x 256x64x64": {"highest": 90.0, "native": 100.0}},
        "steps": [step("SARSA", 10, target=0.65, jax=jax, plain={"rates": [1.0], "ratio": 6.5}), step("E-step", 10)],
    }


def test_a_row_gives_rates_shares_ratios_and_targets(found):
    lines = markdown(found).splitlines()
    sarsa = next(line for line in lines if line.startswith("| SARSA | 10 | 65"))
    assert sarsa == "| SARSA | 10 | 65 [60..70] | 65% (65%) | 32 [30..35] | 32% | 2.00 | 6.50 | 1.30 (1.35) |"
    assert "| E-step | 10 | 65 [60..70] | 65% | 32 [30..35] | 32% | 2.00 |  |  |" in lines


def test_the_scans_are_shown_alone_and_together_where_there_are_any(found):
    assert "| SARSA | 1 | 50 [50..50] | 50% |" in markdown(found)
    assert "| SARSA | 10 | 40 [40..40] | 40% |" in markdown(found)
    found["steps"] = found["steps"][1:]
    assert "JAX |" in markdown(found)
    assert "scans" not in markdown(found)


def test_saving_replaces_the_section_of_the_instruction_set_alone(found, tmp_path):
    sections = [
        f"<!-- step_speed {name} begin -->\nold {name}\n<!-- step_speed {name} end -->" for name in ("avx2", "cuda")
    ]
    (tmp_path / "README.md").write_text("# Speed\n" + "\n".join(sections) + "\nThe end.\n")
    numbers, readme = save(found, tmp_path)
    text = readme.read_text()
    assert "old avx2" not in text
    assert "old cuda" in text
    assert "| SARSA | 10 |" in text
    assert text.endswith("The end.\n")
    assert json.loads(numbers.read_text()) == found
