"""Gives finished work a proper send-off: memory, heartbeat, push and pull request, by policy.

>>> async with sendoff.task(text, cwd="/workspace") as t:
...     t.response = await answer(text)

Nothing here raises but ``CancelledError``, and that only where the caller's task was cancelled.
"""

from ._find import find_binary
from ._result import Result
from ._run import OnCancel, detach, run, run_sync
from ._task import finalizes, task

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
