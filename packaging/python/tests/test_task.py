"""The block and the decorator: what leaves them is the caller's own, and all of it is shipped."""

import asyncio
import json
import os
import unittest
from types import SimpleNamespace
from typing import Any, Dict, List

import sendoff
from programs import Case


class Shipping(Case):
    def setUp(self) -> None:
        super().setUp()
        self.script(
            'printf "%s\\n" "$*" >> arguments; cat >> stdin; echo >> stdin; echo "{}"\n'
        )

    def documents(self) -> List[Dict[str, Any]]:
        return [json.loads(line) for line in self.text("stdin").splitlines()]


class Blocks(Shipping):
    def test_a_name_that_is_mistyped_is_an_error(self) -> None:
        t = sendoff.task("paint it")
        with self.assertRaises(AttributeError):
            t.respnse = "painted"  # type: ignore[attr-defined]

    def test_the_package_has_a_version(self) -> None:
        self.assertIsInstance(sendoff.__version__, str)

    def test_a_block_ships_its_response(self) -> None:
        async def main() -> sendoff.task:
            async with sendoff.task("paint it", cwd="/", id="7", wait=True) as t:
                t.response = "painted"
            return t

        t = asyncio.run(main())
        self.assertEqual(t.result and t.result.status, "ok")
        self.assertEqual(
            self.documents()[0]["task"],
            {"id": "7", "input": "paint it", "response": "painted", "ok": True},
        )
        self.assertNotIn("heartbeat", self.documents()[0])

    def test_an_exception_leaves_as_it_is_and_only_its_class_is_told(self) -> None:
        async def main() -> None:
            async with sendoff.task("x"):
                raise LookupError("password=hunter2")

        with self.assertRaisesRegex(LookupError, "hunter2"):
            asyncio.run(main())
        self.assertEqual(
            self.documents()[0]["task"], {"input": "x", "ok": False, "error": "LookupError"}
        )

    def test_what_the_caller_says_counts(self) -> None:
        with sendoff.task("x") as t:
            t.ok = False
            t.stderr = "429"
            t.exit_code = 1
            t.error = "the agent gave up"
        self.assertEqual(
            self.documents()[0]["task"],
            {
                "input": "x",
                "ok": False,
                "stderr": "429",
                "exit_code": 1,
                "error": "the agent gave up",
            },
        )

    def test_the_heartbeat_is_set_on_the_way_in_and_cleared_first_on_the_way_out(self) -> None:
        heartbeat = SimpleNamespace(current_task=None, active_tasks=None)

        async def main() -> None:
            async with sendoff.task("# Paint **it**\nnow", heartbeat=heartbeat):
                self.assertEqual(
                    (heartbeat.current_task, heartbeat.active_tasks), ("Paint it", 1)
                )

        asyncio.run(main())
        self.assertEqual((heartbeat.current_task, heartbeat.active_tasks), ("", 0))
        begun, ended = self.documents()
        self.assertEqual(begun["task"], {"input": "Paint it"})
        self.assertEqual(begun["heartbeat"], {"active_tasks": 1})
        self.assertEqual(ended["heartbeat"], {"current_task": "", "active_tasks": 0})
        self.assertTrue(self.text("arguments").startswith("step heartbeat-set "))

    def test_a_heartbeat_that_takes_nothing_fails_nothing(self) -> None:
        async def main() -> None:
            async with sendoff.task("x", heartbeat=object()):
                pass

        asyncio.run(main())
        with sendoff.task("x", heartbeat=object()):
            pass
        self.assertEqual(len(self.documents()), 3)

    def test_a_missing_program_fails_nothing(self) -> None:
        os.environ["SENDOFF_BIN"] = "/nonexistent"

        async def main() -> str:
            async with sendoff.task("x", heartbeat=SimpleNamespace()) as t:
                pass
            assert t.result is not None
            return t.result.status

        self.assertEqual(asyncio.run(main()), "not-found")

    def test_a_block_hands_its_task_over_and_does_not_wait(self) -> None:
        self.script(
            'printf "%s\\n" "$*" >> arguments; cat >> stdin; echo \'{"run_id": "r-1"}\'\n'
        )

        async def main() -> sendoff.task:
            async with sendoff.task("paint it", cwd="/") as t:
                t.response = "painted"
            return t

        with sendoff.task("once more", cwd="/") as plain:
            pass
        for t in (asyncio.run(main()), plain):
            assert t.result is not None
            self.assertEqual((t.result.status, t.result.run_id), ("detached", "r-1"))
            self.assertIsNone(t.result.report)
        self.assertEqual(
            self.text("arguments"), "hook executor --json -C /\n" * 2
        )

    def test_a_hand_over_that_fails_says_so(self) -> None:
        self.script("echo broken >&2; exit 3\n")
        with sendoff.task("x") as t:
            pass
        assert t.result is not None
        self.assertEqual((t.result.status, t.result.code), ("failed", 3))

    def test_a_coroutine_that_is_closed_is_shipped_without_waiting(self) -> None:
        async def body() -> None:
            async with sendoff.task("x"):
                await asyncio.sleep(60)

        async def main() -> None:
            coroutine = body()
            coroutine.send(None)
            coroutine.close()

        asyncio.run(main())
        self.eventually(lambda: bool(self.text("stdin").strip()), "nothing was shipped")
        self.assertEqual(self.documents()[0]["task"]["error"], "GeneratorExit")


class Decorated(Shipping):
    def test_a_call_is_shipped_with_its_first_text_and_what_it_returned(self) -> None:
        @sendoff.finalizes(cwd="/")
        async def execute(context: object, text: str, loud: bool = False) -> str:
            """Docs."""
            return text.upper()

        self.assertEqual(asyncio.run(execute(object(), "paint it")), "PAINT IT")
        self.assertEqual((execute.__name__, execute.__doc__), ("execute", "Docs."))
        self.assertEqual(
            self.documents()[0]["task"],
            {"input": "paint it", "response": "PAINT IT", "ok": True},
        )

    def test_input_and_directory_can_be_asked_of_the_call(self) -> None:
        @sendoff.finalizes(input=lambda request: request.text, cwd=lambda request: request.where)
        def execute(request: Any) -> int:
            return 5

        self.assertEqual(execute(SimpleNamespace(text="hi", where="/tmp")), 5)
        self.assertEqual(self.documents()[0]["task"], {"input": "hi", "ok": True})
        self.assertTrue(self.text("arguments").rstrip().endswith("-C /tmp"))

    def test_a_label_that_cannot_be_asked_for_fails_nothing(self) -> None:
        @sendoff.finalizes(input=lambda request: request.missing)
        def execute(request: object) -> int:
            return 5

        self.assertEqual(execute(object()), 5)
        self.assertEqual(self.documents()[0]["task"], {"ok": True})

    def test_an_exception_of_a_call_leaves_as_it_is(self) -> None:
        @sendoff.finalizes()
        async def execute(text: str) -> None:
            raise KeyError("x")

        with self.assertRaises(KeyError):
            asyncio.run(execute("hi"))
        self.assertEqual(self.documents()[0]["task"]["error"], "KeyError")

    def test_generators_are_refused_where_they_are_decorated(self) -> None:
        def generator() -> Any:
            yield 1

        with self.assertRaises(TypeError):
            sendoff.finalizes()(generator)


if __name__ == "__main__":
    unittest.main()
