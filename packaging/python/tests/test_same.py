"""The pure functions against the program's own steps, text by text."""

import json
import os
import random
import subprocess
import unittest
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, Optional, Tuple

from sendoff import compat
from programs import Case

#: What matters to one of the functions, and what Python and Rust see differently.
PIECES = [
    "a", "Z", "0", "9", "_", "-", " ", "  ", "\t", "\n", "\r", "\r\n", "\n\n", "\0", "\x0b", "\x0c",
    "\x1c", "\x1d", "\x1e", "\x1f", "\x7f", "\x85", "\u00a0", "\u00ad", "\u2000", "\u2028",
    "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\u200d", "\u2060", "\ufeff", "\u180e",
    "#", "##", "# ", "```", "``", "---", "--", "----", "**", "*", "__", "***", "- ", "> ",
    "rate", "RATE", "429", "1429", "overloaded", "overload", "auth", "Auth", "authentication",
    "authorization", "authorize", "author", "apikey", "api_key", "api-key", "api key", "APİKEY",
    "apı_key", "authentİcation", "session", "ſession", "ſeſſıon", "sessions", "no conversation found",
    "No Converſation Found", "no  conversation found", "overloa\u212aded", "api-\u212aey",
    "\u00b2", "\u2460", "\u2167", "\u24b6", "\u0301", "\u203f", "\u093f", "\u0663", "é", "ß", "一",
    "\U0001f468\u200d\U0001f469\u200d\U0001f466", "\U0001f600", "\U00010400", "\ue000", "\ufffd",
    "x" * 40, "y " * 30, "一" * 79, ".", ":", "/", "(", ")", "'", '"', "\\", "error ", " limit",
]


def texts(count: int) -> List[str]:
    """Makes texts of pieces; the same ones at each run."""
    chance = random.Random(20261122)
    made = [""] + PIECES + [a + "auth" + b for a, b in zip(PIECES, reversed(PIECES))]
    while len(made) < count:
        made.append("".join(chance.choice(PIECES) for _ in range(chance.randint(1, 9))))
    return made


Call = Tuple[str, Dict[str, Any], Callable[[], str]]


class Same(Case):
    def ask(self, step: str, calls: List[Call]) -> List[Optional[str]]:
        """Asks the program, all in one process; nothing where it says that it cannot."""
        lines = [json.dumps({"input": text, "with": settings}) for text, settings, _ in calls]
        done = subprocess.run(
            [self.real(), "step", step, "--batch"],
            input="\n".join(lines).encode() + b"\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            timeout=120,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        # Not `splitlines`: U+2028 stands as it is in a line of JSON.
        answers = [json.loads(line) for line in done.stdout.split(b"\n") if line]
        self.assertEqual(len(answers), len(calls))
        return [answer.get("text") for answer in answers]

    def compare(self, step: str, calls: List[Call], refused: int = 0) -> None:
        wrong = []
        answers = self.ask(step, calls)
        for (text, settings, ours), theirs in zip(calls, answers):
            if theirs is not None and ours() != theirs:
                wrong.append((text, settings, ours(), theirs))
        self.assertEqual(wrong[:5], [], f"{len(wrong)} of {len(calls)} differ")
        self.assertLessEqual(answers.count(None), refused, "the program refused more than it may")

    def test_summaries_are_the_same(self) -> None:
        calls: List[Call] = []
        for text in texts(800):
            calls.append((text, {}, lambda t=text: compat.brief_summary(t)))
            for limit in (-1, 0, 3, 4, 5, 12):
                calls.append(
                    (text, {"max-length": limit}, lambda t=text, n=limit: compat.brief_summary(t, n))
                )
        self.compare("brief-summary", calls)

    def test_categories_are_the_same(self) -> None:
        calls: List[Call] = []
        for text in texts(2000):
            for code in (None, 0, 1, -9):
                calls.append(
                    (
                        text,
                        {"exit-code": code},
                        lambda t=text, c=code: compat.classify_subprocess_error(t, c),
                    )
                )
        self.compare("error-classify", calls)

    def test_messages_are_the_same(self) -> None:
        chance = random.Random(7)
        some = [text for text in texts(300) if text] + ["", None, 0, False, 5, [], ["a"], {}]

        def part() -> Any:
            shape = chance.randint(0, 5)
            if shape == 0:
                return chance.choice([None, 5, "text", []])
            if shape < 4:
                return {"text": chance.choice(some)}
            return {"text": chance.choice(["", None]), "root": {"text": chance.choice(some)}}

        calls: List[Call] = []
        messages: List[Any] = [None, 5, "x", [], {}, {"parts": None}, {"parts": 0}, {"parts": "ab"}]
        messages += [{"parts": [part() for _ in range(chance.randint(0, 4))]} for _ in range(600)]
        for message in messages:
            # As a table, and as the object that an executor has.
            table = lambda m=message: compat.extract_message_text(m)  # noqa: E731
            calls.append((json.dumps(message), {}, table))
            object_ = lambda m=message: compat.extract_message_text(_object(m))  # noqa: E731
            calls.append((json.dumps(message), {}, object_))
        # The program says where a text is no text; here it is left out instead of raised.
        self.compare("message-text", calls, refused=len(calls) // 3)

    def test_sentences_are_the_same(self) -> None:
        calls: List[Call] = []
        names = ["ValueError", "a.B", "B: said", "", "...", "x.y.", "Évil", "_", "1", "a b", "\n"]
        for category in (None, "", "rate_limited", "exit_-9"):
            for name in names:
                settings = {"category": category, "exception": name}
                error = type(name, (Exception,), {})("said")
                calls.append(
                    (
                        "said",
                        settings,
                        lambda e=error, c=category: compat.sanitize_agent_error(e, c),
                    )
                )
            calls.append(
                (
                    "said",
                    {"category": category},
                    lambda c=category: compat.sanitize_agent_error(None, c),
                )
            )
        self.compare("error-sanitize", calls)

    def test_prompts_are_the_same(self) -> None:
        binary = self.real()
        file = self.directory / "system-prompt.md"
        chance = random.Random(11)
        prompts = [text.encode() for text in chance.sample(texts(800), 60)]
        prompts += [b"", b" \r\n", b"a\r\rb\r\n\nc", b"\xef\xbb\xbfa", b"\x1c a \x1f\x85"]
        # One U+FFFD for each part that could have begun a character.
        prompts += [b"a\xff\xfeb", b"\xf0\x9f\x98", b"\xf0\x9fa\xe4\xb8\xc3", b"\xed\xa0\x80"]
        prompts += [b"x" * (256 << 10)]
        for prompt in prompts:
            file.write_bytes(prompt)
            done = subprocess.run(
                [binary, "step", "system-prompt", "-C", "/"],
                env={**os.environ, "CONFIGS_DIR": str(self.directory)},
                stdout=subprocess.PIPE,
                check=True,
            )
            said = done.stdout.decode()
            with self.subTest(prompt[:40]):
                ours = compat.get_system_prompt(str(self.directory))
                # Data ends with a newline, and no data is nothing at all.
                self.assertEqual(said, f"{ours}\n" if ours else "")


def _object(value: Any) -> Any:
    """Makes objects with attributes of tables with keys."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _object(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return [_object(inner) for inner in value]
    return value


if __name__ == "__main__":
    unittest.main()
