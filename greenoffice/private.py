"""What a data folder holds is for its owner alone."""

from __future__ import annotations

import contextlib
import os

from greenoffice.folder import DataFolder


def keep_private(folder: DataFolder) -> None:
    """From now on this process makes files of mode 0600 and folders of mode 0700; a data folder of
    before is closed to others, with all that it holds. One that belongs to somebody else stays."""
    os.umask(0o077)
    with contextlib.suppress(OSError):
        folder.root.chmod(0o700)
