"""Texts made of texts: pure functions that need no program, and never raise.

They say what the steps ``brief-summary``, ``message-text``, ``error-classify`` and
``error-sanitize`` of the program say; a test compares the two on hundreds of texts.
"""

import re
from typing import Any, Iterator, List, Mapping, Optional

#: The length of a summary, in code points.
BRIEF_SUMMARY_MAX_LEN = 80

_SHORTEST = 4
_DOTS = "..."
_RATE = re.compile(r"\b(?:rate|429|overloaded)\b", re.IGNORECASE)
_AUTH = re.compile(r"\b(?:auth|authentication|authorization|api[_-]?key)\b", re.IGNORECASE)
_SESSION = re.compile(r"\b(?:session|no conversation found)\b", re.IGNORECASE)


def brief_summary(text: str, max_len: int = BRIEF_SUMMARY_MAX_LEN) -> str:
    """Returns the first line of a Markdown text that is no fence and no rule, without its ``#``,
    ``**`` and ``__``. A longer line is cut to ``max_len`` code points, three dots included."""
    if not isinstance(text, str):
        return ""
    limit = max(max_len, _SHORTEST)
    for line in text.split("\n"):
        line = line.strip().lstrip("#").strip()
        if not line or line == "---" or line.startswith("```"):
            continue
        line = line.replace("**", "").replace("__", "")
        return line if len(line) <= limit else line[: limit - len(_DOTS)] + _DOTS
    return text[:limit]


def extract_message_text(message: Any) -> str:
    """Returns the texts of a message's parts, joined by one space. A part has its text in
    ``text`` or, where that is empty, in ``root.text``; what is no text is left out."""
    texts: List[str] = []
    for part in _parts(message):
        text = _get(part, "text") or _get(_get(part, "root"), "text")
        if text and isinstance(text, str):
            texts.append(text)
    return " ".join(texts).strip()


def classify_subprocess_error(stderr_text: str, exit_code: Optional[int]) -> str:
    """Returns ``rate_limited``, ``auth_failed``, ``session_error``, else ``exit_N`` for an exit
    code that is not 0, else ``subprocess_error``."""
    text = stderr_text if isinstance(stderr_text, str) else ""
    for pattern, category in (
        (_RATE, "rate_limited"),
        (_AUTH, "auth_failed"),
        (_SESSION, "session_error"),
    ):
        if pattern.search(text):
            return category
    return f"exit_{exit_code}" if exit_code else "subprocess_error"


def sanitize_agent_error(
    exc: Optional[BaseException] = None, category: Optional[str] = None
) -> str:
    """Returns a sentence that is safe to show to anybody. It carries the category, else the name
    of the exception's class, and never what the error said."""
    name = category or (_class_name(type(exc).__name__) if exc is not None else "") or "unknown"
    return f"The agent failed ({name}). Details are in the workspace's log."


def _class_name(name: str) -> str:
    """A class can be called anything where it is made by ``type(...)``."""
    match = re.match(r"[\w.]*", name)
    path = match.group(0) if match else ""
    return next((part for part in reversed(path.split(".")) if part), "")


def _parts(message: Any) -> Iterator[Any]:
    try:
        yield from _get(message, "parts") or ()
    except Exception:
        # Not iterable, or not to its end: what came before counts.
        return


def _get(thing: Any, name: str) -> Any:
    try:
        return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
    except Exception:
        # A property that raises has no value.
        return None
