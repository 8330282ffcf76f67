"""A task around a block of code, or around a function: entered, left, shipped."""

import asyncio
import functools
import inspect
from types import TracebackType
from typing import Any, Callable, Dict, Optional, Type, TypeVar, Union, cast

from ._run import Directory, OnCancel, detach, run, run_sync
from ._result import Result
from .compat import brief_summary, counters, set_current_task

_F = TypeVar("_F", bound=Callable[..., Any])
# What Python tells of the exception that leaves a block.
_Kind = Optional[Type[BaseException]]
_Error = Optional[BaseException]
_Trace = Optional[TracebackType]


class task:
    """A task around a block: ``async with sendoff.task(text, cwd=...) as t``.

    Set ``t.response``, and ``t.ok`` where an exception does not tell it. What leaves the block is
    never held back or replaced: neither its exception nor its result depends on the send-off.

    The task is handed over to a worker, so that the reply does not wait for a push: ``t.result`` is
    ``detached``, with the ``run_id``. ``wait=True`` stays in the foreground and puts the report into
    ``t.result``: for one-shot containers, where a worker would die with its parent.

    ``heartbeat`` is the executor's own object: its ``current_task`` and ``active_tasks`` are set
    on the way in and cleared first on the way out.
    """

    # A name that is mistyped, such as `t.respnse`, is an error where it is written.
    __slots__ = (
        "_cwd",
        "_heartbeat",
        "_on_cancel",
        "_pipeline",
        "_timeout",
        "_wait",
        "error",
        "exit_code",
        "id",
        "input",
        "ok",
        "response",
        "result",
        "stderr",
    )

    def __init__(
        self,
        input: Optional[str],
        *,
        cwd: Directory = None,
        heartbeat: Any = None,
        id: Optional[str] = None,
        timeout: Optional[float] = 120,
        pipeline: Optional[str] = None,
        on_cancel: OnCancel = "finish",
        wait: bool = False,
    ) -> None:
        self.input = input
        self.id = id
        #: What the task answered.
        self.response: Optional[str] = None
        #: Whether it succeeded; by default, whether the block ended without an exception.
        self.ok: Optional[bool] = None
        #: What went wrong; by default, the name of the exception's class.
        self.error: Union[str, BaseException, None] = None
        #: What the agent's process wrote to stderr, and how it ended.
        self.stderr: Optional[str] = None
        self.exit_code: Optional[int] = None
        #: What became of the send-off, once the block is left.
        self.result: Optional[Result] = None
        self._cwd = cwd
        self._heartbeat = heartbeat
        self._timeout = timeout
        self._pipeline = pipeline
        self._on_cancel = on_cancel
        self._wait = wait

    async def __aenter__(self) -> "task":
        if self._heartbeat is not None:
            await set_current_task(self._heartbeat, brief_summary(self.input or ""))
        return self

    async def __aexit__(self, kind: _Kind, error: _Error, trace: _Trace) -> None:
        fields, told = self._leave(error)
        if isinstance(error, GeneratorExit):
            # A coroutine that is being closed may not wait for anything.
            self.result = detach(
                fields, cwd=self._cwd, pipeline=self._pipeline, heartbeat=told
            )
            return
        self.result = await run(
            fields,
            cwd=self._cwd,
            timeout=self._timeout,
            pipeline=self._pipeline,
            on_cancel=self._on_cancel,
            wait=self._wait,
            heartbeat=told,
        )

    def __enter__(self) -> "task":
        _set(self._heartbeat, brief_summary(self.input or ""), 1)
        return self

    def __exit__(self, kind: _Kind, error: _Error, trace: _Trace) -> None:
        fields, told = self._leave(error)
        where: Dict[str, Any] = {"cwd": self._cwd, "pipeline": self._pipeline}
        if self._wait:
            self.result = run_sync(fields, timeout=self._timeout, heartbeat=told, **where)
        else:
            self.result = detach(fields, heartbeat=told, **where)

    def _leave(self, error: _Error) -> "tuple[Dict[str, Any], Optional[Dict[str, Any]]]":
        told = None
        if self._heartbeat is not None:
            _set(self._heartbeat, "", 0)
            told = {"current_task": "", "active_tasks": 0, **counters(self._heartbeat)}
        fields = {
            "id": self.id,
            "input": self.input,
            "response": self.response,
            "ok": error is None if self.ok is None else self.ok,
            "error": error if self.error is None else self.error,
            "stderr": self.stderr,
            "exit_code": self.exit_code,
        }
        return fields, told


def finalizes(
    *,
    input: Union[str, Callable[..., Optional[str]], None] = None,
    cwd: Union[Directory, Callable[..., Directory]] = None,
    heartbeat: Any = None,
    timeout: Optional[float] = 120,
    pipeline: Optional[str] = None,
    on_cancel: OnCancel = "finish",
    wait: bool = False,
) -> Callable[[_F], _F]:
    """Puts a :class:`task` around every call of a function, ``async`` or not.

    ``input`` and ``cwd`` are values, or functions of the call's arguments; the default input is
    the call's first text. ``heartbeat`` may be a function too. A text that is returned is the
    task's response.
    """

    def around(call: _F) -> _F:
        if inspect.isasyncgenfunction(call) or inspect.isgeneratorfunction(call):
            raise TypeError("a generator has no end to ship at: use `async with sendoff.task(...)`")

        def begin(arguments: Any, named: Dict[str, Any]) -> task:
            text = _first_text if input is None else input
            return task(
                _ask(text, arguments, named),
                cwd=_ask(cwd, arguments, named),
                heartbeat=_ask(heartbeat, arguments, named),
                timeout=timeout,
                pipeline=pipeline,
                on_cancel=on_cancel,
                wait=wait,
            )

        @functools.wraps(call)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            async with begin(arguments, named) as t:
                answer = await call(*arguments, **named)
                t.response = answer if isinstance(answer, str) else None
            return answer

        @functools.wraps(call)
        def plain(*arguments: Any, **named: Any) -> Any:
            with begin(arguments, named) as t:
                answer = call(*arguments, **named)
                t.response = answer if isinstance(answer, str) else None
            return answer

        return cast(_F, awaited if asyncio.iscoroutinefunction(call) else plain)

    return around


def _ask(value: Any, arguments: Any, named: Dict[str, Any]) -> Any:
    if not inspect.isroutine(value):
        return value
    try:
        return value(*arguments, **named)
    except Exception:
        # The call matters, its label does not.
        return None


def _first_text(*arguments: Any, **named: Any) -> Optional[str]:
    texts = (value for value in (*arguments, *named.values()) if isinstance(value, str))
    return next(texts, None)


def _set(heartbeat: Any, current: str, active: int) -> None:
    if heartbeat is None:
        return
    try:
        heartbeat.current_task = current
        heartbeat.active_tasks = active
    except Exception:
        # An object that does not take them is the caller's, and no reason to fail the task.
        pass
