"""As many handles as the system gives, and a reserve that connections cannot take."""

import subprocess
import sys

from greenoffice.handles import RESERVE, for_connections

CODE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
from greenoffice.handles import raise_handles
print(raise_handles(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def raised(soft: int, hard: int) -> list[int]:
    command = [sys.executable, "-c", CODE, str(soft), str(hard)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def test_the_soft_limit_is_lifted_to_the_hard_one() -> None:
    assert raised(64, 3000) == [3000, 3000]
    assert raised(512, 512) == [512, 512]


def test_a_reserve_is_kept_from_connections() -> None:
    assert for_connections(1024) == 1024 - RESERVE
    assert for_connections(256) == 64
    assert for_connections(1) == 1
