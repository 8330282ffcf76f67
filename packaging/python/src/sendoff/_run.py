"""Running the program: awaited, in the foreground, or left to itself. Nothing here raises, but
``CancelledError`` where the caller's own task was cancelled."""

import asyncio
import os
from dataclasses import replace
from typing import Any, List, Literal, Mapping, Optional, Set, Union

from ._child import Child
from ._document import Task, document
from ._find import find_binary
from ._result import DETACHED, NOT_FOUND, OK, SPAWN_FAILED, Result, printable, read_report

#: What a cancelled caller does: wait for the end, end the program, or leave it to itself.
OnCancel = Literal["finish", "kill", "detach"]

#: A directory, or nothing for the current one.
Directory = Union[str, "os.PathLike[str]", None]

#: So long handing over may take, in seconds: a machine that is busy takes its time.
_HAND_OVER = 10.0

#: The event loop only refers weakly to what runs on it: what nobody awaits any more is held here.
_running: Set["asyncio.Future[Result]"] = set()


async def run(
    task: Task,
    *,
    cwd: Directory = None,
    timeout: Optional[float] = 120,
    pipeline: Optional[str] = None,
    on_cancel: OnCancel = "finish",
    wait: bool = True,
    heartbeat: Optional[Mapping[str, Any]] = None,
) -> Result:
    """Ships what a task left behind: memory, heartbeat, push, pull request, as the policy says.

    ``task`` is the task's text, its fields (``id``, ``input``, ``response``, ``ok``, ``error``,
    ``stderr``, ``exit_code``), or a whole document. ``pipeline`` is by default ``post-task``, or
    ``on-failure`` when ``ok`` is false. After ``timeout`` seconds the program and its group are
    ended. ``wait=False`` hands the task over as :func:`detach` does.

    A caller that is cancelled meanwhile gets its ``CancelledError`` when the program has ended
    (``on_cancel="finish"``; a second cancellation does not wait), when it was killed
    (``"kill"``), or at once (``"detach"``).
    """
    if not wait and pipeline is None:
        made = _hook(task, cwd, heartbeat)
        return _handed_over(made, await finish(made, on_cancel))
    return await finish(prepare(task, cwd, timeout, pipeline, heartbeat), on_cancel, wait)


def run_sync(
    task: Task,
    *,
    cwd: Directory = None,
    timeout: Optional[float] = 120,
    pipeline: Optional[str] = None,
    heartbeat: Optional[Mapping[str, Any]] = None,
) -> Result:
    """Does what :func:`run` does, and waits for it. Not for use on an event loop."""
    child = prepare(task, cwd, timeout, pipeline, heartbeat)
    if isinstance(child, Result):
        return child
    return child.start() or _with_report(child, child.wait())


def detach(
    task: Task,
    *,
    cwd: Directory = None,
    pipeline: Optional[str] = None,
    heartbeat: Optional[Mapping[str, Any]] = None,
) -> Result:
    """Hands over what :func:`run` does and returns at once, with the ``run_id``. A worker of its own
    session does it, past the end of this process, and tries again what fails in passing."""
    if pipeline is None:
        made = _hook(task, cwd, heartbeat)
        if isinstance(made, Result):
            return made
        return _handed_over(made, made.start() or made.wait())
    child = prepare(task, cwd, None, pipeline, heartbeat)
    if isinstance(child, Result):
        return child
    return child.start() or child.leave()


def _hook(
    task: Task, cwd: Directory, heartbeat: Optional[Mapping[str, Any]]
) -> Union[Child, Result]:
    """Makes the child that hands a task over, not started; it ends within milliseconds."""
    try:
        arguments = ["hook", "executor", "--json", "-C", _directory(cwd)]
        return command(arguments, document(task, heartbeat), timeout=_HAND_OVER)
    except Exception as error:
        return Result(SPAWN_FAILED, stderr=printable(str(error).encode("utf-8", "replace")))


def _handed_over(made: Union[Child, Result], result: Result) -> Result:
    """Returns what became of handing over; the worker's run is what matters, not the hook's end."""
    if isinstance(made, Result) or result.status != OK:
        return result
    answer = read_report(made.output) or {}
    run_id = answer.get("run_id")
    return replace(
        result,
        status=DETACHED,
        code=None,
        report=None,
        run_id=run_id if isinstance(run_id, str) else None,
    )


def prepare(
    task: Task,
    cwd: Directory,
    timeout: Optional[float],
    pipeline: Optional[str],
    heartbeat: Optional[Mapping[str, Any]] = None,
) -> Union[Child, Result]:
    """Makes the child of a run, not started; a result when that cannot be."""
    try:
        arguments = ["run"]
        if pipeline is not None:
            arguments.append(pipeline)
        # The task goes by file: what is on a command line is read by everyone on the machine.
        arguments += ["--trigger", "executor", "--input", "-", "--json", "-C", _directory(cwd)]
        return command(arguments, document(task, heartbeat), timeout=timeout)
    except Exception as error:
        return Result(SPAWN_FAILED, stderr=printable(str(error).encode("utf-8", "replace")))


def command(
    arguments: List[str],
    stdin: bytes = b"",
    *,
    variables: Optional[Mapping[str, str]] = None,
    timeout: Optional[float] = None,
) -> Union[Child, Result]:
    """Makes a child of the program, not started; a result when there is no program."""
    try:
        binary = find_binary()
    except OSError:
        # A relative path, in a directory that was removed under us.
        binary = None
    if binary is None:
        return Result(NOT_FOUND, stderr="the program `sendoff` is not installed")
    return Child([binary, *arguments], stdin, variables, timeout)


async def finish(made: Union[Child, Result], on_cancel: str, wait: bool = True) -> Result:
    """Starts a child and waits for its end without holding up the event loop."""
    if isinstance(made, Result):
        return made
    failed = made.start()
    if failed is not None:
        return failed
    if not wait:
        return made.leave()
    ended = _future(made)
    try:
        return await asyncio.shield(ended)
    except asyncio.CancelledError:
        if on_cancel == "detach":
            made.release()
            raise
        if on_cancel == "kill":
            made.stop()
        # A second cancellation ends this wait, and not the work.
        await asyncio.shield(ended)
        raise


def _future(child: Child) -> "asyncio.Future[Result]":
    loop = asyncio.get_running_loop()
    ended: "asyncio.Future[Result]" = loop.create_future()
    _running.add(ended)
    ended.add_done_callback(_running.discard)

    def deliver(result: Result) -> None:
        if not ended.done():
            ended.set_result(result)

    def hand_over(result: Result) -> None:
        # In the thread that waited: a long report is not parsed on the loop.
        read = _with_report(child, result)
        try:
            loop.call_soon_threadsafe(deliver, read)
        except RuntimeError:
            # The loop was closed meanwhile; nobody waits any more.
            _running.discard(ended)

    child.in_background(hand_over)
    return ended


def _with_report(child: Child, result: Result) -> Result:
    return replace(result, report=read_report(child.output))


def _directory(cwd: Directory) -> str:
    """Returns an absolute path, which cannot be taken for an option."""
    if cwd is not None:
        return os.path.abspath(os.fspath(cwd))
    try:
        return os.getcwd()
    except OSError:
        # It was removed under us. Memory and heartbeat go out from anywhere.
        return "/"
