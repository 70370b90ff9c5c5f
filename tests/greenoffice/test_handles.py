"""As many handles as the system gives, and a reserve that connections cannot take."""

import subprocess
import sys

from greenoffice.handles import RESERVE, for_connections, for_handshakes, for_refusals

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


def test_what_comes_beside_connections_leaves_handles_for_files() -> None:
    for handles in (256, 400, 512, 1024, 4096):
        taken = for_connections(handles) + for_refusals(handles) + for_handshakes(handles)
        assert handles - taken >= 64
    assert (for_refusals(1), for_handshakes(1)) == (1, 1)
