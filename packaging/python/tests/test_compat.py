"""The functions that executors know: names, signatures, what they say, and that none raises."""

import asyncio
import inspect
import json
import os
import time
import unittest
import unittest.mock
from types import SimpleNamespace
from typing import Any

from sendoff import compat
from programs import Case

SIGNATURES = {
    "get_mcp_server_path": "() -> str",
    "recall_memories": "() -> str",
    "commit_memory": "(content: str) -> None",
    "read_delegation_results": "() -> str",
    "set_current_task": "(heartbeat: Any, task: str) -> None",
    "get_system_prompt": "(config_path: str, fallback: Optional[str] = None) -> Optional[str]",
    "get_a2a_instructions": "(mcp: bool = True) -> str",
    "brief_summary": "(text: str, max_len: int = 80) -> str",
    "extract_message_text": "(message: Any) -> str",
    "classify_subprocess_error": "(stderr_text: str, exit_code: Optional[int]) -> str",
    "sanitize_agent_error": (
        "(exc: Optional[BaseException] = None, category: Optional[str] = None) -> str"
    ),
    "auto_push_hook": "(cwd: Optional[str] = None) -> None",
}
COROUTINES = {"recall_memories", "commit_memory", "set_current_task", "auto_push_hook"}


class Names(unittest.TestCase):
    def test_every_function_has_its_signature(self) -> None:
        for name, wanted in SIGNATURES.items():
            with self.subTest(name):
                function = getattr(compat, name)
                found = str(inspect.signature(function)).replace("typing.", "")
                found = found.replace("Union[BaseException, None]", "Optional[BaseException]")
                self.assertEqual(found, wanted)
                self.assertEqual(inspect.iscoroutinefunction(function), name in COROUTINES)
                self.assertIn(name, compat.__all__)

    def test_the_constants_have_their_values(self) -> None:
        self.assertEqual(compat.WORKSPACE_MOUNT, "/workspace")
        self.assertEqual(compat.CONFIG_MOUNT, "/configs")
        self.assertEqual(compat.PLATFORM_HTTP_TIMEOUT_S, 5.0)
        self.assertEqual(compat.MEMORY_RECALL_LIMIT, 10)
        self.assertEqual(compat.MEMORY_CONTENT_MAX_CHARS, 200)
        self.assertEqual(compat.BRIEF_SUMMARY_MAX_LEN, 80)


class Texts(unittest.TestCase):
    def test_a_summary_is_the_first_line_that_says_something(self) -> None:
        for text, wanted in (
            ("# Fix **the** bug\nmore", "Fix the bug"),
            ("```\n---\n\n  say it ", "say it"),
            ("#hash", "hash"),
            ("#```", "#```"),
            ("__init__.py", "init.py"),
            ("2**3**4", "234"),
            ("----", "----"),
            ("\x1c\u00a0\u3000a\r\n", "a"),
            ("x" * 81, "x" * 77 + "..."),
            ("x" * 80, "x" * 80),
            ("", ""),
            ("```\n---", "```\n---"),
        ):
            with self.subTest(text):
                self.assertEqual(compat.brief_summary(text), wanted)
        self.assertEqual(compat.brief_summary("abcdef", 0), "a...")

    def test_a_message_is_the_texts_of_its_parts(self) -> None:
        def part(**fields: Any) -> SimpleNamespace:
            return SimpleNamespace(**fields)

        class Broken:
            @property
            def text(self) -> str:
                raise RuntimeError("no")

        message = part(
            parts=[part(text=" a"), part(text="", root=part(text="b")), part(), Broken(), part(text=5)]
        )
        self.assertEqual(compat.extract_message_text(message), "a b")
        for odd in (None, 5, part(parts=7), part(parts=None), part(parts=[None]), {}):
            self.assertEqual(compat.extract_message_text(odd), "")

    def test_a_failure_has_a_category(self) -> None:
        for stderr, code, wanted in (
            ("HTTP 429 and unauthorized session", 1, "rate_limited"),
            ("error 1429", 1, "exit_1"),
            ("bad apikey", None, "auth_failed"),
            ("bad api key", None, "subprocess_error"),
            ("the author", 0, "subprocess_error"),
            ("the \u017fession", 1, "session_error"),
            ("", -9, "exit_-9"),
        ):
            with self.subTest(stderr):
                self.assertEqual(compat.classify_subprocess_error(stderr, code), wanted)

    def test_the_sentence_never_carries_what_the_error_said(self) -> None:
        odd = type("module.Evil: password=x\n", (Exception,), {})("token=abc")
        for error, category, wanted in (
            (ValueError("hunter2"), None, "ValueError"),
            (ValueError("hunter2"), "rate_limited", "rate_limited"),
            (ValueError("hunter2"), "", "ValueError"),
            (odd, None, "Evil"),
            (None, None, "unknown"),
        ):
            said = compat.sanitize_agent_error(error, category)
            self.assertEqual(
                said, f"The agent failed ({wanted}). Details are in the workspace's log."
            )


class Prompt(Case):
    def test_the_prompt_is_read_anew_as_a_text_file(self) -> None:
        file = self.directory / "system-prompt.md"
        read = lambda: compat.get_system_prompt(str(self.directory), "fallback")  # noqa: E731
        self.assertEqual(read(), "fallback")
        file.write_bytes(b"\xef\xbb\xbf a\r\nb\rc\xff \n")
        self.assertEqual(read(), "\ufeff a\nb\nc\ufffd")
        file.write_bytes(b"")
        self.assertEqual(read(), "")
        self.assertIsNone(compat.get_system_prompt("/nonexistent"))

    def test_only_a_small_file_of_the_directory_is_a_prompt(self) -> None:
        file = self.directory / "configs" / "system-prompt.md"
        file.parent.mkdir()
        read = lambda: compat.get_system_prompt(str(file.parent))  # noqa: E731
        (self.directory / "outside").write_text("secret")
        file.symlink_to(self.directory / "outside")
        self.assertIsNone(read())
        file.unlink()
        (file.parent / "..data").mkdir()
        (file.parent / "..data" / "prompt").write_text("mounted")
        file.symlink_to("..data/prompt")
        self.assertEqual(read(), "mounted")
        file.unlink()
        os.mkfifo(file)
        self.assertIsNone(read())
        file.unlink()
        file.write_bytes(b"x" * ((256 << 10) + 1))
        self.assertIsNone(read())

    def test_the_server_has_a_path(self) -> None:
        os.environ.pop("A2A_MCP_SERVER_PATH", None)
        self.assertEqual(compat.get_mcp_server_path(), "/app/a2a_mcp_server.py")
        os.environ["A2A_MCP_SERVER_PATH"] = "/x.py"
        self.assertEqual(compat.get_mcp_server_path(), "/x.py")


class Calls(Case):
    def document(self) -> Any:
        return json.loads(self.text("stdin"))

    def recording(self, output: str = "") -> None:
        self.script(f"printf '%s\\n' \"$@\" > arguments; cat > stdin\n{output}\n")

    def test_a_memory_goes_by_file_and_is_redacted_by_the_program(self) -> None:
        self.recording()
        asyncio.run(compat.commit_memory("Conversation: {{ 7 }} secret"))
        self.assertEqual(self.document()["task"], {"input": "Conversation: {{ 7 }} secret"})
        self.assertIn("content={{ task.input | redact }}\n", self.text("arguments"))
        self.assertNotIn("secret", self.text("arguments"))

    def test_an_empty_memory_is_none(self) -> None:
        self.recording()
        asyncio.run(compat.commit_memory(""))
        self.assertEqual(self.text("arguments"), "")

    def test_recalled_memories_are_what_the_program_prints(self) -> None:
        self.recording("echo '- [LOCAL] a'; echo '- [TEAM] b'")
        self.assertEqual(asyncio.run(compat.recall_memories()), "- [LOCAL] a\n- [TEAM] b")
        self.recording("echo half; exit 1")
        self.assertEqual(asyncio.run(compat.recall_memories()), "")

    def test_the_current_task_is_set_here_and_told_there(self) -> None:
        self.recording()
        heartbeat = SimpleNamespace()
        asyncio.run(compat.set_current_task(heartbeat, "paint"))
        self.assertEqual((heartbeat.current_task, heartbeat.active_tasks), ("paint", 1))
        self.assertEqual(self.document()["heartbeat"], {"active_tasks": 1})
        asyncio.run(compat.set_current_task(None, ""))
        self.assertEqual(self.document()["heartbeat"], {"active_tasks": 0})

    def test_what_the_heartbeat_counts_goes_along(self) -> None:
        self.recording()

        class Counting:
            current_task, active_tasks = "", 0
            error_rate, sample_error, start_time = 0.25, "ReadTimeout", time.time() - 60

        asyncio.run(compat.set_current_task(Counting(), "paint"))
        told = self.document()["heartbeat"]
        self.assertAlmostEqual(told.pop("uptime_seconds"), 60, delta=30)
        self.assertEqual(
            told, {"active_tasks": 1, "error_rate": 0.25, "sample_error": "ReadTimeout"}
        )

        class Odd:
            error_rate, sample_error, uptime_seconds = "no", 5, float("nan")

            @property
            def start_time(self) -> float:
                raise RuntimeError("no")

        for odd in (Odd(), object(), 5, "x", unittest.mock.MagicMock()):
            asyncio.run(compat.set_current_task(odd, "paint"))
            self.assertEqual(self.document()["heartbeat"], {"active_tasks": 1})
        counted = SimpleNamespace(uptime_seconds=7.9, start_time=0, error_rate=True)
        asyncio.run(compat.set_current_task(counted, ""))
        told = self.document()["heartbeat"]
        self.assertEqual(told, {"active_tasks": 0, "uptime_seconds": 7})

    def test_a_push_is_asked_for_only_where_there_is_a_directory(self) -> None:
        self.recording()
        asyncio.run(compat.auto_push_hook("/nonexistent"))
        asyncio.run(compat.auto_push_hook("a\0b"))
        self.assertEqual(self.text("arguments"), "")
        asyncio.run(compat.auto_push_hook("/tmp"))
        self.assertEqual(self.text("arguments").split()[:2], ["run", "post-commit"])
        self.assertTrue(self.text("arguments").endswith("-C\n/tmp\n"))

    def test_nothing_raises_without_the_program(self) -> None:
        os.environ["SENDOFF_BIN"] = "/nonexistent"

        async def calls() -> None:
            await compat.commit_memory("x")
            self.assertEqual(await compat.recall_memories(), "")
            await compat.set_current_task(object(), "x")
            await compat.auto_push_hook("/tmp")

        asyncio.run(calls())
        self.assertEqual(compat.read_delegation_results(), "")
        self.assertEqual(compat.get_a2a_instructions(), "")

    def test_nothing_raises_with_the_real_program_and_no_platform(self) -> None:
        self.real()
        os.environ["DELEGATION_RESULTS_FILE"] = str(self.directory / "results.jsonl")

        async def calls() -> None:
            await compat.commit_memory("x")
            self.assertEqual(await compat.recall_memories(), "")
            await compat.set_current_task(None, "x")
            await compat.auto_push_hook(str(self.directory))

        asyncio.run(calls())
        self.assertEqual(compat.read_delegation_results(), "")

    def test_results_of_delegations_are_read_once(self) -> None:
        self.real()
        file = self.directory / "results.jsonl"
        os.environ["DELEGATION_RESULTS_FILE"] = str(file)
        file.write_text(
            '{"status": "completed", "summary": "painted", "response_preview": "blue"}\n'
            "no json\n"
            '{"summary": "no status"}\n'
        )
        self.assertEqual(
            compat.read_delegation_results(),
            "- [completed] painted\n  Response: blue\n- [?] no status",
        )
        self.assertEqual(compat.read_delegation_results(), "")

    def test_instructions_come_from_the_program(self) -> None:
        self.real()
        self.assertIn("`list_peers`", compat.get_a2a_instructions())
        self.assertNotIn("`list_peers`", compat.get_a2a_instructions(mcp=False))
        self.assertIn("a2a delegate", compat.get_a2a_instructions(mcp=False))


if __name__ == "__main__":
    unittest.main()
