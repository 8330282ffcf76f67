"""Cancelled callers and ending loops: the work goes on, or ends, as the caller chose."""

import asyncio
import os
import subprocess
import sys
import time
import unittest
from typing import Any, Optional

import sendoff
from programs import Case, lives

#: Ends when the test says so, and notes that it did.
PATIENT = """echo $$ > pids
while ! [ -e go ]; do sleep 0.01; done
echo finished > mark
"""


class Cancelled(Case):
    async def start(self, **options: Any) -> "asyncio.Task[sendoff.Result]":
        task = asyncio.ensure_future(sendoff.run("x", **options))
        while not self.pids():
            await asyncio.sleep(0.005)
        return task

    def go(self) -> None:
        (self.directory / "go").touch()

    async def ended(self, task: "asyncio.Task[Any]", limit: float) -> Optional[str]:
        """Returns how a task ended: its status or `cancelled`; nothing when it still runs."""
        await asyncio.wait([task], timeout=limit)
        if not task.done():
            return None
        return "cancelled" if task.cancelled() else str(task.result().status)

    def test_finish_waits_for_the_end_and_is_cancelled_then(self) -> None:
        self.script(PATIENT)

        async def main() -> None:
            task = await self.start()
            task.cancel()
            self.assertIsNone(await self.ended(task, 0.2), "it did not wait for the program")
            self.go()
            self.assertEqual(await self.ended(task, 10), "cancelled")
            self.assertEqual(self.text("mark"), "finished\n")

        asyncio.run(main())

    def test_a_second_cancellation_returns_at_once_and_the_work_goes_on(self) -> None:
        self.script(PATIENT)

        async def main() -> None:
            task = await self.start()
            task.cancel()
            self.assertIsNone(await self.ended(task, 0.2))
            task.cancel()
            self.assertEqual(await self.ended(task, 5), "cancelled")
            self.assertEqual(self.text("mark"), "")

        asyncio.run(main())
        self.go()
        self.eventually(lambda: self.text("mark") == "finished\n", "the work was lost")

    def test_kill_ends_the_program_before_it_is_cancelled(self) -> None:
        self.script("sleep 60 & echo $! > pids; echo $$ >> pids\n" + PATIENT.replace("> pids", ">> pids"))

        async def main() -> None:
            task = await self.start(on_cancel="kill")
            started = time.monotonic()
            task.cancel()
            self.assertEqual(await self.ended(task, 10), "cancelled")
            self.assertLess(time.monotonic() - started, 6)
            for pid in self.pids():
                self.assertFalse(lives(pid))

        asyncio.run(main())
        self.assertEqual(self.text("mark"), "")

    def test_kill_ends_a_program_that_ignores_requests(self) -> None:
        self.script("trap '' TERM\n" + PATIENT)

        async def main() -> None:
            task = await self.start(on_cancel="kill")
            task.cancel()
            self.assertEqual(await self.ended(task, 10), "cancelled")
            self.assertFalse(lives(self.pids()[0]))

        asyncio.run(main())

    def test_kill_ends_the_program_although_it_is_cancelled_again(self) -> None:
        self.script("trap '' TERM\n" + PATIENT)

        async def main() -> None:
            task = await self.start(on_cancel="kill")
            task.cancel()
            await asyncio.sleep(0.05)
            task.cancel()
            self.assertEqual(await self.ended(task, 1.5), "cancelled")

        asyncio.run(main())
        self.eventually(lambda: not lives(self.pids()[0]), "the program lives on")
        self.assertEqual(self.text("mark"), "")

    def test_detach_is_cancelled_at_once_and_the_work_goes_on(self) -> None:
        self.script(PATIENT)

        async def main() -> None:
            task = await self.start(on_cancel="detach", timeout=0.5)
            task.cancel()
            self.assertEqual(await self.ended(task, 5), "cancelled")
            # The time limit was for a caller that waits.
            await asyncio.sleep(0.7)
            self.assertTrue(lives(self.pids()[0]))

        asyncio.run(main())
        self.go()
        self.eventually(lambda: self.text("mark") == "finished\n", "the work was lost")

    def test_a_body_that_was_cancelled_is_shipped_all_the_same(self) -> None:
        self.script("cat > stdin; echo done > mark\n")

        async def main() -> None:
            async def body() -> None:
                async with sendoff.task("x"):
                    await asyncio.sleep(60)

            task = asyncio.ensure_future(body())
            await asyncio.sleep(0.05)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        self.assertEqual(self.text("mark"), "done\n")
        self.assertIn('"ok": false', self.text("stdin"))
        self.assertIn('"error": "CancelledError"', self.text("stdin"))

    def test_a_limit_of_the_caller_ends_the_wait_as_a_cancellation_does(self) -> None:
        self.script(PATIENT)

        async def main() -> None:
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(sendoff.run("x", on_cancel="kill"), 0.3)

        asyncio.run(main())
        self.assertEqual(self.text("mark"), "")

    def test_a_loop_that_ends_waits_for_what_is_to_be_finished(self) -> None:
        self.script("echo $$ > pids; sleep 0.5; echo finished > mark\n")

        async def main() -> None:
            self.kept = await self.start()

        asyncio.run(main())
        self.assertEqual(self.text("mark"), "finished\n")

    def test_a_loop_that_is_torn_down_loses_nothing_and_says_nothing(self) -> None:
        self.script(PATIENT)
        heard = []
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda _, context: heard.append(context))
        task = loop.create_task(sendoff.run("x"))
        while not self.pids():
            loop.run_until_complete(asyncio.sleep(0.005))
        task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()
        self.go()
        self.eventually(lambda: self.text("mark") == "finished\n", "the work was lost")
        self.assertEqual(heard, [])


class Detached(Case):
    def caller(self, code: str) -> "tuple[float, str]":
        """Runs a Python that ends at once; returns how long it took and what it said."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", "import asyncio, sendoff\n" + code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            timeout=60,
            check=True,
        )
        return time.monotonic() - started, done.stdout.decode()

    def outlives(self, code: str, said: str) -> None:
        self.script("cat > stdin\n" + PATIENT)
        took, text = self.caller(code)
        self.assertEqual(text, said)
        self.assertLess(took, 20)
        self.eventually(lambda: bool(self.pids()), "it never began")
        self.assertTrue(lives(self.pids()[0]))
        (self.directory / "go").touch()
        self.eventually(lambda: self.text("mark") == "finished\n", "it ended with its caller")
        self.assertIn("hello", self.text("stdin"))

    def test_what_is_detached_outlives_its_caller(self) -> None:
        self.outlives("print(sendoff.detach('hello', pipeline='post-task').status)", "detached\n")

    def test_what_is_not_waited_for_outlives_its_caller(self) -> None:
        self.outlives("print(asyncio.run(sendoff.run('hello', wait=False, pipeline='p')).status)", "detached\n")

    def test_what_a_plain_block_does_not_wait_for_outlives_its_caller(self) -> None:
        self.outlives("with sendoff.task('hello', pipeline='p'): print('x')", "x\n")

    def test_a_detachment_at_the_interpreters_end_outlives_it(self) -> None:
        code = "import atexit\natexit.register(sendoff.detach, 'hello', pipeline='p')"
        self.outlives(code, "")

    def test_a_run_at_the_interpreters_end_still_runs(self) -> None:
        self.script("cat > stdin; echo done > mark\n")
        code = "import atexit\natexit.register(lambda: asyncio.run(sendoff.run('hello')))"
        self.assertEqual(self.caller(code)[1], "")
        self.assertEqual(self.text("mark"), "done\n")

    def test_the_detached_leave_no_zombies(self) -> None:
        self.script("echo $$ >> pids\n")
        for _ in range(5):
            self.assertEqual(sendoff.detach("x").status, "detached")
        self.eventually(lambda: len(self.pids()) == 5, "they never ran")

        def gone() -> bool:
            return not any(os.path.exists(f"/proc/{pid}") for pid in self.pids())

        self.eventually(gone, "zombies are left")


if __name__ == "__main__":
    unittest.main()
