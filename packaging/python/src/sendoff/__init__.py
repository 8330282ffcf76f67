"""Gives finished work a proper send-off: memory, heartbeat, push and pull request, by policy.

>>> async with sendoff.task(text, cwd="/workspace") as t:
...     t.response = await answer(text)

Nothing here raises but ``CancelledError``, and that only where the caller's task was cancelled.
"""

from importlib import metadata as _metadata

from ._find import find_binary
from ._result import Result
from ._run import OnCancel, detach, run, run_sync
from ._task import finalizes, task

try:
    __version__ = _metadata.version("sendoff")
except _metadata.PackageNotFoundError:
    #: The package is used from its sources.
    __version__ = "0"

__all__ = [
    "OnCancel",
    "Result",
    "detach",
    "finalizes",
    "find_binary",
    "run",
    "run_sync",
    "task",
]
