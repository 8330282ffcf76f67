"""The task document: whatever a caller has becomes JSON that the program accepts."""

import json
from typing import Any, Callable, Dict, Mapping, Optional, Union

SCHEMA = "sendoff.task/1"

#: A text, the fields of the task, or a whole document.
Task = Union[str, Mapping[str, Any], None]

#: The longest text of a field, in characters.
_TEXT_LIMIT = 1 << 20


def document(task: Task, heartbeat: Optional[Mapping[str, Any]] = None) -> bytes:
    """Makes the document. Fields that nobody reads are left out, and wrong types put right: a
    document that the program refuses would lose the work that it speaks of."""
    given: Mapping[str, Any] = task if isinstance(task, Mapping) else {"input": task}
    is_whole = isinstance(given.get("task"), Mapping) or "schema" in given
    inner = given.get("task") if is_whole else given
    made: Dict[str, Any] = {"schema": SCHEMA}
    made["task"] = _fields(inner if isinstance(inner, Mapping) else {}, _TASK)
    made["executor"] = _text(given.get("executor")) if is_whole else None
    counters = heartbeat if heartbeat is not None else given.get("heartbeat")
    if is_whole or heartbeat is not None:
        made["heartbeat"] = _fields(counters, _HEARTBEAT) if isinstance(counters, Mapping) else None
    made["executor"] = made["executor"] or "python"
    kept = {key: value for key, value in made.items() if value is not None}
    # Half a surrogate pair is no text: it becomes a question mark instead of a refusal.
    return json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace")


def _fields(given: Mapping[str, Any], known: Mapping[str, Callable[[Any], Any]]) -> Dict[str, Any]:
    read = ((key, parse(given.get(key))) for key, parse in known.items())
    return {key: value for key, value in read if value is not None}


def _text(value: Any) -> Optional[str]:
    if isinstance(value, BaseException):
        # Its text can hold what nobody may see.
        return type(value).__name__
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, (int, float)):
        value = str(value)
    return str(value[:_TEXT_LIMIT]) if isinstance(value, str) else None


def _flag(value: Any) -> Optional[bool]:
    return bool(value) if isinstance(value, int) else None


def _whole(value: Any) -> Optional[int]:
    if isinstance(value, (bool, float)):
        value = int(value) if value == value and abs(value) < 1 << 62 else None
    return value if isinstance(value, int) and abs(value) < 1 << 62 else None


def _count(value: Any) -> Optional[int]:
    whole = _whole(value)
    return None if whole is None else max(whole, 0)


def _share(value: Any) -> Optional[float]:
    is_number = isinstance(value, (int, float)) and value == value and abs(value) < 1e300
    return float(value) if is_number else None


_TASK: Mapping[str, Callable[[Any], Any]] = {
    "id": _text,
    "input": _text,
    "response": _text,
    "ok": _flag,
    "error": _text,
    "stderr": _text,
    "exit_code": _whole,
}
_HEARTBEAT: Mapping[str, Callable[[Any], Any]] = {
    "current_task": _text,
    "active_tasks": _count,
    "error_rate": _share,
    "sample_error": _text,
    "uptime_seconds": _count,
}
