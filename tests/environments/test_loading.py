import subprocess
import sys

import numpy as np
import pytest

from stages.environments.loading import make
from stages.environments.navigation import NavigationSettings
from stages.errors import UserError


def test_defaults_are_the_environments_own():
    assert make("navigation").settings == NavigationSettings()
    np.testing.assert_allclose(make("navigation").action_high, 0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Hoper-v4",), "unknown environment 'Hoper-v4'. Did you mean 'Hopper-v4'?"),
        (("navigation", {"sise": 3}), "sise: unknown key. Did you mean 'size'?"),
        (("navigation", '{"size": -3}'), "size: should be greater than 0"),
    ],
)
def test_mistakes_get_one_line(arguments, message):
    with pytest.raises(UserError) as error:
        make(*arguments)
    assert message in str(error.value)


def test_navigation_does_not_load_the_simulator():
    code = (
        "import sys; from stages.environments.loading import make; make('navigation'); print('mujoco' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
