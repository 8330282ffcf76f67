"""What became of a run, as the caller sees it."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional

OK = "ok"
FAILED = "failed"
TIMEOUT = "timeout"
NOT_FOUND = "not-found"
SPAWN_FAILED = "spawn-failed"
DETACHED = "detached"

#: So much of stderr is kept, in bytes: its end.
STDERR_LIMIT = 4096


@dataclass(frozen=True)
class Result:
    """What became of a run. A run never raises: whatever happened is told here."""

    #: ``ok``, ``failed``, ``timeout``, ``not-found``, ``spawn-failed`` or ``detached``.
    status: str
    #: The exit code; negative when a signal ended the program; nothing when it did not end.
    code: Optional[int] = None
    #: The report (``sendoff.report/1``); nothing when the program did not print one.
    report: Optional[Mapping[str, Any]] = None
    #: The last lines of stderr, without control characters.
    stderr: str = ""
    #: The run that a task was handed over as; ``sendoff status RUN_ID --wait 60s`` waits for its
    #: report. Nothing when there is nothing to do, or nobody to hand over to.
    run_id: Optional[str] = None

    @property
    def ok(self) -> bool:
        """Says whether the run ended and no step of it failed."""
        return self.status == OK


def read_report(stdout: bytes) -> Optional[Dict[str, Any]]:
    """Reads the report; nothing when this is none."""
    try:
        value = json.loads(stdout.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def printable(raw: bytes) -> str:
    """Returns text that can be logged: line ends and tabs stay, other control characters go."""
    text = raw.decode("utf-8", "replace").strip()
    return "".join(c for c in text if c in "\n\t" or c.isprintable())
