"""A child program: a session of its own, files for pipes, a deadline that leaves no process."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from typing import IO, Callable, Dict, Mapping, Optional, Sequence

from ._result import (
    DETACHED,
    FAILED,
    NOT_FOUND,
    OK,
    SPAWN_FAILED,
    STDERR_LIMIT,
    TIMEOUT,
    Result,
    printable,
)

#: So long a group may take to end by itself, in seconds.
GRACE = 2.0
#: So much of stdout is read, in bytes.
STDOUT_LIMIT = 16 << 20


class Child:
    """One child program. No method raises; what went wrong is a ``Result``.

    Its input and output are files. A pipe stays open as long as any descendant holds it, and a
    reader would wait for that one instead of for the child.
    """

    def __init__(
        self,
        argv: Sequence[str],
        stdin: bytes = b"",
        variables: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> None:
        self._argv = list(argv)
        self._stdin = stdin
        self._variables = variables
        self._timeout = timeout
        self._deadline: Optional[float] = None
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._stdout: Optional[IO[bytes]] = None
        self._stderr: Optional[IO[bytes]] = None
        self._stop = threading.Event()
        #: What the child printed, once it has ended.
        self.output = b""

    def start(self) -> Optional[Result]:
        """Starts it. Returns a result only when there is nothing to wait for."""
        try:
            self._spawn()
            return None
        except FileNotFoundError:
            failed = Result(NOT_FOUND, stderr=f"`{self._argv[0]}` is not there")
        except Exception as error:
            failed = Result(SPAWN_FAILED, stderr=printable(str(error).encode("utf-8", "replace")))
        self._close()
        return failed

    def _spawn(self) -> None:
        environment: Dict[str, str] = dict(os.environ)
        environment.update(self._variables or {})
        stdout = self._stdout = tempfile.TemporaryFile()
        stderr = self._stderr = tempfile.TemporaryFile()
        with tempfile.TemporaryFile() as stdin:
            stdin.write(self._stdin)
            stdin.flush()
            stdin.seek(0)
            # The directory is an argument of the program, which can say that it is no good. Here
            # it would only be one more way to fail, and so is a current one that is gone.
            self._process = subprocess.Popen(
                self._argv,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
        if self._timeout is not None:
            self._deadline = time.monotonic() + self._timeout

    def stop(self) -> None:
        """Asks the waiting thread to end the child and its group."""
        self._stop.set()

    def release(self) -> None:
        """Takes the deadline away: nobody waits any more, and the program has one of its own."""
        self._deadline = None

    def in_background(self, then: Callable[[Result], None]) -> None:
        """Waits in a thread and hands the result to ``then`` there."""

        def work() -> None:
            then(self.wait())

        try:
            # A daemon: the interpreter's end does not wait for a push, and the push goes on.
            threading.Thread(target=work, name="sendoff", daemon=True).start()
        except RuntimeError:
            # No more threads, or none any more at the interpreter's end: better late than never.
            work()

    def leave(self) -> Result:
        """Lets it run on by itself; a thread only takes note of its end."""
        self.release()
        self._close()
        process = self._process
        try:
            if process is not None:
                threading.Thread(target=process.wait, name="sendoff", daemon=True).start()
        except RuntimeError:
            # The interpreter ends, and init takes note instead. Known to have ended, as far as
            # this process goes: else the interpreter warns of it.
            if process is not None:
                process.returncode = 0
        return Result(DETACHED)

    def wait(self) -> Result:
        """Waits for its end, or ends it at the deadline or when asked to."""
        try:
            return self._wait()
        except Exception as error:
            return Result(FAILED, stderr=printable(str(error).encode("utf-8", "replace")))
        finally:
            self._close()

    def _wait(self) -> Result:
        process, stdout, stderr = self._process, self._stdout, self._stderr
        if process is None or stdout is None or stderr is None:
            return Result(SPAWN_FAILED)
        started = time.monotonic()
        status = None
        while process.poll() is None:
            now = time.monotonic()
            late = self._deadline is not None and now >= self._deadline
            if late or self._stop.is_set():
                status = TIMEOUT if late else FAILED
                _end_group(process)
                break
            # Short waits for short programs: a tenth of what it took so far.
            self._stop.wait(min(max((now - started) / 10, 0.001), 0.02))
        code = process.returncode
        self.output = _head(stdout)
        said = printable(_tail(stderr))
        return Result(status or (OK if code == 0 else FAILED), code, None, said)

    def _close(self) -> None:
        for file in (self._stdout, self._stderr):
            if file is not None:
                file.close()


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends the child and every process of its group: a request first, then by force."""
    for how, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        try:
            os.killpg(process.pid, how)
        except (ProcessLookupError, PermissionError):
            break
        end = time.monotonic() + patience
        while _group_lives(process) and time.monotonic() < end:
            time.sleep(0.02)
        if not _group_lives(process):
            # Its number is free now, and may soon be another's.
            break
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        # Stuck in the kernel: nobody can end it, and nobody should wait for it.
        pass


def _group_lives(process: "subprocess.Popen[bytes]") -> bool:
    # Until it is reaped, the child itself counts as a member of its group.
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    # Orphans that ended count too until init reaps them, which many a container's never does.
    return _runs_any_of(process.pid)


def _runs_any_of(group: int) -> bool:
    """Says whether a process of the group runs, where the system tells; else that one does."""
    try:
        processes = [entry for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        return True
    if not processes:
        return True
    for entry in processes:
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                # PID (NAME) STATE PARENT GROUP ...: a name may hold anything, brackets too.
                state, _, its_group = file.read().rpartition(b")")[2].split()[:3]
        except (OSError, ValueError):
            # It ended meanwhile.
            continue
        if int(its_group) == group and state not in (b"Z", b"X"):
            return True
    return False


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(STDOUT_LIMIT)


def _tail(file: IO[bytes]) -> bytes:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(end - STDERR_LIMIT, 0))
    return file.read(STDERR_LIMIT)
