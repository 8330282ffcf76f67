#!/usr/bin/env python3
"""An executor's `finally` block: runs an agent's command on a prompt, and ships what it left behind.

usage: executor_finally.py [-C DIR] [--wait] [--timeout SECONDS] [--] COMMAND [ARGUMENT...] < PROMPT

The command reads the prompt on standard input; its answer goes to standard output and its exit
code is the script's. Whatever becomes of it (success, failure, an exception, a SIGTERM that cancels
it), the `finally` block hands the task over to a worker: memory, heartbeat, push, pull request. One
line on standard error has the run's id, for `sendoff status ID --wait 60s`; no send-off, not a missing
or hanging one, changes the answer. `--wait` stays until all is out: for one-shot containers, where a
worker would die with its parent.

Take `execute` as a pattern. The numbers are the points that are easily got wrong.
"""

import argparse
import asyncio
import shutil
import signal
import sys
from pathlib import Path
from typing import List, Optional

import sendoff
from sendoff.compat import brief_summary, set_current_task


async def execute(
    prompt: str, command: List[str], cwd: Optional[str], timeout: float, wait: bool
) -> int:
    """Runs the command on the prompt; returns its exit code."""
    # 1. What the send-off tells is set where it becomes known: a failure at any line in between
    #    then tells the truth.
    task = {"input": prompt, "ok": False}
    try:
        await set_current_task(None, brief_summary(prompt))
        code = await answer(task, command, cwd)
        task["ok"] = code == 0
        return code
    except BaseException as error:
        # 2. The class says what went wrong; the text may hold what nobody should read.
        task["error"] = type(error).__name__
        raise
    finally:
        # 3. One call, which never raises. The task is on the disk when it returns, and a worker ships
        #    it, whatever becomes of this process. With `wait` it stays in the foreground: when the
        #    task is cancelled once more meanwhile, it is finished first.
        # 4. `cwd` is where the agent worked, not where the executor lives.
        shipped = await sendoff.run(
            task, cwd=cwd, timeout=timeout, on_cancel="finish", wait=wait
        )
        told = shipped.run_id or (shipped.report or {}).get("verdict")
        print(f"send-off: {shipped.status} {told or ''}".rstrip(), file=sys.stderr)


async def answer(task: dict, command: List[str], cwd: Optional[str]) -> int:
    """Lets the command answer; notes in the task what it said and how it ended."""
    agent = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        stdout, stderr = await agent.communicate(task["input"].encode("utf-8", "replace"))
    except asyncio.CancelledError:
        # 5. The agent ends before its work is shipped, or the two would race.
        agent.terminate()
        await agent.wait()
        raise
    task["response"] = stdout.decode("utf-8", "replace")
    task["stderr"] = stderr.decode("utf-8", "replace")
    task["exit_code"] = agent.returncode
    sys.stdout.write(task["response"])
    sys.stdout.flush()
    return agent.returncode or 0


async def main() -> int:
    """Reads the arguments and the prompt, and turns SIGTERM into a cancellation."""
    parser = argparse.ArgumentParser(description="run a command on a prompt and ship what it did")
    parser.add_argument("-C", dest="cwd", metavar="DIR", help="work in this directory")
    parser.add_argument("--wait", action="store_true", help="stay until all is out")
    parser.add_argument("--timeout", type=float, default=120, help="with --wait, in seconds")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the agent's command")
    given = parser.parse_args()
    # Up to Python 3.12 the `--` that ends the options is a part of the rest.
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        parser.error("which command answers?")
    if shutil.which(command[0]) is None and not Path(given.cwd or ".", command[0]).is_file():
        print(f"executor_finally.py: there is no command {command[0]!r}", file=sys.stderr)
        return 127
    prompt = sys.stdin.buffer.read().decode("utf-8", "replace")
    task = asyncio.ensure_future(
        execute(prompt, command, given.cwd, given.timeout, given.wait)
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
