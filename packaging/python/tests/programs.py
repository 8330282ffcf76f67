"""Programs to run in the place of the real one: what a program can do wrong, as scripts."""

import os
import shutil
import stat
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable, List, Optional

import sendoff


class Case(unittest.TestCase):
    """A directory of its own for each test, and variables that are put back."""

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="sendoff-python-"))
        self.addCleanup(shutil.rmtree, self.directory, True)
        before = dict(os.environ)
        self.addCleanup(self._restore, before)

    @staticmethod
    def _restore(before: "dict[str, str]") -> None:
        os.environ.clear()
        os.environ.update(before)

    def script(self, body: str, name: str = "program") -> Path:
        """Writes a program of the shell and makes it the one that is run."""
        path = self.directory / name
        path.write_text("#!/bin/sh\ncd '" + str(self.directory) + "'\n" + body)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        os.environ["SENDOFF_BIN"] = str(path)
        return path

    def real(self) -> str:
        """Returns the real program, which the wheel brings; a test without it fails."""
        os.environ.pop("SENDOFF_BIN", None)
        if os.environ.get("SENDOFF_TEST_BIN"):
            os.environ["SENDOFF_BIN"] = os.environ["SENDOFF_TEST_BIN"]
        path = sendoff.find_binary()
        self.assertIsNotNone(path, "the program is not installed beside the package")
        # Nothing of the machine that the tests run on: no policy, no platform, no repository.
        for name in ("PLATFORM_URL", "WORKSPACE_ID", "CONFIGS_DIR", "SENDOFF"):
            os.environ.pop(name, None)
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ[name] = str(self.directory)
        return str(path)

    def text(self, name: str) -> str:
        """Returns the content of a file of the test; empty when there is none."""
        try:
            return (self.directory / name).read_text()
        except FileNotFoundError:
            return ""

    def eventually(self, holds: Callable[[], bool], what: str) -> None:
        """Waits until something holds, at most ten seconds."""
        self.assertTrue(until(holds), what)

    def pids(self, name: str = "pids") -> List[int]:
        """Returns the process ids that a script noted."""
        return [int(line) for line in self.text(name).split()]


def until(holds: Callable[[], bool], limit: float = 10.0) -> bool:
    """Waits until something holds; says whether it did within the limit."""
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def lives(pid: int) -> bool:
    """Says whether a process runs; one that ended and waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = _state(pid)
    return state not in ("Z", "X")


def _state(pid: int) -> Optional[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return None if os.path.isdir("/proc/self") is False else "X"
