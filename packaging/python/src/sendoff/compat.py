"""The helper functions that agent executors call, under the names and signatures they know: an
executor changes one import line. None of them raises, but ``CancelledError``."""

import os
import stat
import time
from typing import Any, Dict, Optional, Tuple, Union

from ._child import Child
from ._document import document
from ._result import Result
from ._run import command, finish, run
from ._text import (
    BRIEF_SUMMARY_MAX_LEN,
    brief_summary,
    classify_subprocess_error,
    extract_message_text,
    sanitize_agent_error,
)

__all__ = [
    "BRIEF_SUMMARY_MAX_LEN",
    "CONFIG_MOUNT",
    "MEMORY_CONTENT_MAX_CHARS",
    "MEMORY_RECALL_LIMIT",
    "PLATFORM_HTTP_TIMEOUT_S",
    "WORKSPACE_MOUNT",
    "auto_push_hook",
    "brief_summary",
    "classify_subprocess_error",
    "commit_memory",
    "extract_message_text",
    "get_a2a_instructions",
    "get_mcp_server_path",
    "get_system_prompt",
    "read_delegation_results",
    "recall_memories",
    "sanitize_agent_error",
    "set_current_task",
]

WORKSPACE_MOUNT = "/workspace"
CONFIG_MOUNT = "/configs"
#: The time limit of one request to the platform, in seconds.
PLATFORM_HTTP_TIMEOUT_S = 5.0
#: So many memories are recalled.
MEMORY_RECALL_LIMIT = 10
#: So long is the part of a task's text that callers put into a memory, in code points.
MEMORY_CONTENT_MAX_CHARS = 200

_DEFAULT_MCP_SERVER_PATH = "/app/a2a_mcp_server.py"
#: What the caller waits for gets the time of one request, and a second around it.
_WAITED_FOR = PLATFORM_HTTP_TIMEOUT_S + 1
#: What must not be lost gets the time of a few: a request that failed in passing is repeated.
_KEPT = 3 * PLATFORM_HTTP_TIMEOUT_S
_PROMPT_FILE = "system-prompt.md"
#: The largest prompt file, in bytes.
_PROMPT_LIMIT = 256 << 10


async def commit_memory(content: str) -> None:
    """Commits a memory. Secrets are redacted by the program before anything is sent."""
    if not isinstance(content, str) or not content:
        return
    # The text goes by file and is a value of the template, never a template itself.
    setting = "content={{ task.input | redact }}"
    await _step("memory-commit", setting, document(content), timeout=_KEPT)


async def recall_memories() -> str:
    """Returns the last memories as lines ``- [scope] content``; nothing when there are none, or
    no platform."""
    result, text = await _step("memory-recall", f"limit={MEMORY_RECALL_LIMIT}", on_cancel="kill")
    return text if result.ok else ""


async def set_current_task(heartbeat: Any, task: str) -> None:
    """Sets ``current_task`` and ``active_tasks`` of ``heartbeat``, where there is one, and tells
    the platform, with what else the heartbeat counts. An empty task says that nothing runs."""
    active = 1 if task else 0
    if heartbeat is not None:
        try:
            heartbeat.current_task = task
            heartbeat.active_tasks = active
        except Exception:
            # An object that does not take them is the caller's, and no reason to fail.
            pass
    shown = "current-task={{ (task.input or '') | redact | oneline }}"
    told = {"active_tasks": active, **counters(heartbeat)}
    await _step("heartbeat-set", shown, document(task, told))


def counters(heartbeat: Any) -> Dict[str, Any]:
    """Returns what a heartbeat counts beside its tasks: ``error_rate``, ``sample_error``, and
    ``uptime_seconds`` or the time since ``start_time``. What it has not, or what is of another
    type, is left out."""
    found: Dict[str, Any] = {}
    for name in ("error_rate", "sample_error", "uptime_seconds", "start_time"):
        try:
            value = getattr(heartbeat, name, None)
        except Exception:
            # A property that raises has no value.
            continue
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number if name != "sample_error" else isinstance(value, str):
            found[name] = value
    started = found.pop("start_time", None)
    if started is not None and "uptime_seconds" not in found:
        found["uptime_seconds"] = time.time() - started
    return found


def read_delegation_results() -> str:
    """Returns the results of delegated tasks, each once. Without the program the file is left as
    it is, for the next reader."""
    return _step_sync("delegation-results")[1]


def get_system_prompt(config_path: str, fallback: Optional[str] = None) -> Optional[str]:
    """Returns ``system-prompt.md`` of a directory, read anew at each call, or the fallback where
    it cannot be read. A file that is empty is a prompt that says nothing."""
    try:
        raw = _read_prompt(os.fspath(config_path))
    except (OSError, ValueError, TypeError):
        return fallback
    if raw is None:
        return fallback
    text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def get_a2a_instructions(mcp: bool = True) -> str:
    """Returns how to reach other agents, for a prompt: by MCP tools, or by a command. The policy
    can replace the text; without the program there is none."""
    mode = "mcp" if mcp else "cli"
    result, text = _step_sync("a2a-instructions", f"mode={mode}")
    return text if result.ok else ""


def get_mcp_server_path() -> str:
    """Returns the path of the MCP server over standard input and output."""
    return os.environ.get("A2A_MCP_SERVER_PATH") or _DEFAULT_MCP_SERVER_PATH


async def auto_push_hook(cwd: Optional[str] = None) -> None:
    """Pushes the branch of a directory and opens its pull request, as the policy says."""
    directory = cwd or WORKSPACE_MOUNT
    try:
        if not os.path.isdir(directory):
            return
    except (TypeError, ValueError):
        return
    await run(None, cwd=directory, pipeline="post-commit")


async def _step(
    name: str,
    setting: Optional[str],
    stdin: bytes = b"{}",
    on_cancel: str = "finish",
    timeout: float = _WAITED_FOR,
) -> Tuple[Result, str]:
    made = _prepare(name, setting, stdin, timeout)
    result = await finish(made, on_cancel)
    return result, _text(made)


def _step_sync(name: str, setting: Optional[str] = None) -> Tuple[Result, str]:
    made = _prepare(name, setting, b"{}", _KEPT)
    if isinstance(made, Result):
        return made, ""
    result = made.start() or made.wait()
    return result, _text(made)


def _prepare(
    name: str, setting: Optional[str], stdin: bytes, timeout: float
) -> Union[Child, Result]:
    # What a step of the platform reads never depends on a repository: none is opened.
    arguments = ["step", name, "--trigger", "executor", "-C", "/", "--input", "-"]
    if setting is not None:
        arguments += ["--with", setting]
    return command(arguments, stdin, timeout=timeout)


def _text(made: Union[Child, Result]) -> str:
    if isinstance(made, Result):
        return ""
    text = made.output.decode("utf-8", "replace")
    return text[:-1] if text.endswith("\n") else text


def _read_prompt(directory: str) -> Optional[bytes]:
    """Reads the prompt where it is a file of that directory, and not a way out of it."""
    home = os.path.realpath(directory)
    path = os.path.realpath(os.path.join(home, _PROMPT_FILE))
    if os.path.commonpath([home, path]) != home:
        return None
    # A pipe must not hang the agent.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        raw = file.read(_PROMPT_LIMIT + 1)
    return raw if len(raw) <= _PROMPT_LIMIT else None
