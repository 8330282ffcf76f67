"""What a run tells, whatever the program does: it never raises, and never waits for strangers."""

import asyncio
import json
import os
import time
import unittest

import sendoff
from programs import Case, lives

REPORT = """echo '{"schema":"sendoff.report/1","verdict":"done"}'\n"""


class Runs(Case):
    def test_a_run_returns_the_report_and_the_code(self) -> None:
        self.script(REPORT)
        for result in (sendoff.run_sync("paint it"), asyncio.run(sendoff.run("paint it"))):
            self.assertEqual((result.status, result.code, result.ok), ("ok", 0, True))
            self.assertEqual(result.report, {"schema": "sendoff.report/1", "verdict": "done"})

    def test_the_task_goes_by_file_and_never_by_argument(self) -> None:
        self.script("echo \"$@\" > arguments; cat > stdin; ls -l /proc/self/fd/0 > what\n")
        sendoff.run_sync({"input": "secret text", "ok": False}, cwd="/tmp", pipeline="post-commit")
        self.assertEqual(
            self.text("arguments").split(),
            ["run", "post-commit", "--trigger", "executor", "--input", "-", "--json", "-C", "/tmp"],
        )
        self.assertEqual(
            json.loads(self.text("stdin")),
            {
                "schema": "sendoff.task/1",
                "task": {"input": "secret text", "ok": False},
                "executor": "python",
            },
        )
        self.assertNotIn("pipe", self.text("what"))

    def test_a_program_that_fails_is_told_with_the_end_of_its_stderr(self) -> None:
        self.script("yes line | head -n 5000 >&2; printf 'the \\033[31mend\\377' >&2; exit 3\n")
        result = sendoff.run_sync("x")
        self.assertEqual((result.status, result.code, result.report), ("failed", 3, None))
        self.assertLessEqual(len(result.stderr), 4096)
        self.assertTrue(result.stderr.endswith("the [31mend\ufffd"), result.stderr[-20:])

    def test_a_program_that_a_signal_ended_has_a_negative_code(self) -> None:
        self.script("kill -9 $$\n")
        self.assertEqual(sendoff.run_sync("x").code, -9)

    def test_output_that_is_no_report_is_none(self) -> None:
        for output in ("printf '\\377\\376{}'", "echo garbage", "echo '[1]'", "echo 1", "true"):
            with self.subTest(output):
                self.script(output + "\n")
                result = sendoff.run_sync("x")
                self.assertEqual((result.status, result.report), ("ok", None))

    def test_a_report_that_is_nested_without_end_is_none(self) -> None:
        self.script("yes '[' | head -n 200000 | tr -d '\\n'\n")
        self.assertIsNone(sendoff.run_sync("x").report)

    def test_a_grandchild_that_holds_the_output_holds_up_nobody(self) -> None:
        self.script("sleep 30 & echo $! > pids\n" + REPORT)
        for run in (lambda: asyncio.run(sendoff.run("x")), lambda: sendoff.run_sync("x")):
            started = time.monotonic()
            result = run()
            self.assertEqual(result.status, "ok")
            self.assertIsNotNone(result.report)
            self.assertLess(time.monotonic() - started, 10)
            for pid in self.pids():
                self.assertTrue(lives(pid), "it is the program's own affair")
                os.kill(pid, 9)

    def test_no_process_of_the_group_outlives_the_time_limit(self) -> None:
        body = "sleep 60 & echo $! > pids; sh -c 'trap \"\" TERM; sleep 60' & echo $! >> pids\n"
        self.script(body + "echo $$ >> pids; wait\n")
        for run in (
            lambda: asyncio.run(sendoff.run("x", timeout=0.5)),
            lambda: sendoff.run_sync("x", timeout=0.5),
        ):
            started = time.monotonic()
            result = run()
            self.assertEqual(result.status, "timeout")
            self.assertLess(time.monotonic() - started, 20)
            self.assertEqual(len(self.pids()), 3)
            for pid in self.pids():
                self.eventually(lambda pid=pid: not lives(pid), f"{pid} outlived the time limit")

    def test_what_a_program_said_before_the_time_limit_is_kept(self) -> None:
        self.script("echo early >&2\n" + REPORT + "sleep 60\n")
        result = sendoff.run_sync("x", timeout=0.5)
        self.assertEqual(result.status, "timeout")
        self.assertEqual(result.stderr, "early")
        self.assertEqual(result.report, {"schema": "sendoff.report/1", "verdict": "done"})

    def test_a_missing_program_is_no_exception(self) -> None:
        os.environ["SENDOFF_BIN"] = str(self.directory / "gone")
        for result in (
            sendoff.run_sync("x"),
            sendoff.detach("x"),
            asyncio.run(sendoff.run("x")),
            asyncio.run(sendoff.run("x", wait=False)),
        ):
            self.assertEqual((result.status, result.code), ("not-found", None))

    def test_a_file_that_is_no_program_is_no_exception(self) -> None:
        path = self.script("")
        path.write_bytes(b"\x00\x01\x02\x03")
        self.assertEqual(sendoff.run_sync("x").status, "spawn-failed")
        path.write_text("#!/nonexistent/interpreter\n")
        self.assertEqual(asyncio.run(sendoff.run("x")).status, "not-found")

    def test_no_room_for_temporary_files_is_no_exception(self) -> None:
        self.script(REPORT)
        import tempfile

        self.addCleanup(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(self.directory / "gone")
        # Either status would do; what matters is that the caller goes on.
        result = sendoff.run_sync("x")
        self.assertIn(result.status, ("not-found", "spawn-failed"))
        self.assertFalse(result.ok)

    def test_arguments_that_cannot_be_passed_are_no_exception(self) -> None:
        self.script(REPORT)
        for options in ({"cwd": "a\0b"}, {"pipeline": "a\0b"}, {"cwd": 7}, {"pipeline": 7}):
            with self.subTest(options):
                self.assertEqual(sendoff.run_sync("x", **options).status, "spawn-failed")
                self.assertEqual(asyncio.run(sendoff.run("x", **options)).status, "spawn-failed")

    def test_a_current_directory_that_was_removed_is_no_exception(self) -> None:
        self.script("echo \"$@\" > arguments\n" + REPORT)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        gone = self.directory / "gone"
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()
        self.assertEqual(sendoff.run_sync("x").status, "ok")
        self.assertTrue(self.text("arguments").endswith("-C /\n"))
        os.environ["SENDOFF_BIN"] = "relative"
        self.assertEqual(sendoff.run_sync("x").status, "not-found")

    def test_a_directory_named_like_an_option_is_a_directory(self) -> None:
        self.script("echo \"$@\" > arguments\n")
        sendoff.run_sync("x", cwd="--help")
        self.assertTrue(self.text("arguments").rstrip().endswith("/--help"))

    def test_the_loop_goes_on_while_the_program_runs(self) -> None:
        self.script("while ! [ -e go ]; do sleep 0.01; done\n" + REPORT)

        async def both() -> sendoff.Result:
            shipping = asyncio.ensure_future(sendoff.run("x"))
            while not shipping.done():
                await asyncio.sleep(0.01)
                (self.directory / "go").touch()
            return await shipping

        self.assertEqual(asyncio.run(both()).status, "ok")

    def test_fifty_runs_at_once_all_end(self) -> None:
        self.script("cat\n")

        async def many() -> "list[sendoff.Result]":
            return await asyncio.gather(*(sendoff.run(str(n)) for n in range(50)))

        for number, result in enumerate(asyncio.run(many())):
            self.assertEqual((result.report or {})["task"], {"input": str(number)})


class RealProgram(Case):
    def test_the_real_program_reports_from_anywhere(self) -> None:
        self.real()
        for cwd in (None, "/", self.directory, "/nonexistent", "/etc/hostname"):
            with self.subTest(cwd):
                result = sendoff.run_sync({"input": "x", "ok": True}, cwd=cwd)
                report = result.report or {}
                self.assertEqual(report.get("trigger"), "executor", result)
                self.assertEqual(report.get("pipeline"), "post-task")

    def test_every_document_is_one_that_the_program_accepts(self) -> None:
        self.real()
        whole = {"schema": "sendoff.task/1", "task": {"ok": True, "input": "\ud800"}}
        for task in (
            None,
            "",
            "\ud800 half a pair \0 and \x1b more",
            {"input": 5, "ok": "yes", "exit_code": 1.5, "id": b"\xff", "unknown": object()},
            {"error": ValueError("secret"), "exit_code": 1 << 70, "stderr": float("nan")},
            {"schema": "sendoff.task/9", "task": 7},
            {**whole, "heartbeat": {"active_tasks": -1, "error_rate": float("inf")}},
            {**whole, "heartbeat": 3, "executor": 9},
            7,
            [1],
        ):
            with self.subTest(repr(task)):
                result = sendoff.run_sync(task, cwd="/")  # type: ignore[arg-type]
                self.assertIsNotNone(result.report, result)

    def test_a_task_that_failed_takes_the_pipeline_for_failures(self) -> None:
        self.real()
        report = sendoff.run_sync({"input": "x", "ok": False}, cwd="/").report or {}
        self.assertEqual(report.get("pipeline"), "on-failure")

    def test_a_pipeline_that_is_not_there_is_a_failure_with_words(self) -> None:
        self.real()
        result = sendoff.run_sync("x", cwd="/", pipeline="nonesuch")
        self.assertEqual((result.status, result.code), ("failed", 64))
        self.assertIn("nonesuch", result.stderr)


if __name__ == "__main__":
    unittest.main()
