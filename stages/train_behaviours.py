"""Train behaviours of known quality: an online learner in a task, and a ladder of its snapshots.

Writes the chosen policies and beside them, as JSON, a manifest: settings, and what each snapshot earns.

Example: python -m stages.train_behaviours --output results/behaviours/Hopper-v4.safetensors
             --settings '{"environment": "Hopper-v4", "learner": {"method": "sac", "num_steps": 300000}}'
"""

from __future__ import annotations

from stages.command import Command
from stages.online.settings import BehaviourSettings


def main(output: str, settings: BehaviourSettings, device: str) -> None:
    """Train, judge every snapshot, keep one for each level."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.online.behaviours import train_behaviours

    print(train_behaviours(settings, output, device))


if __name__ == "__main__":
    Command(__doc__, {}, "policies (safetensors); the manifest lies beside it", BehaviourSettings, device=True).run(
        main
    )
