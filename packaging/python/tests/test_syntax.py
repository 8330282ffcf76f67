"""Holds every file that users run to the syntax of Python 3.9, whatever Python runs the tests."""

import ast
import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
OLDEST = (3, 9)


class Syntax(unittest.TestCase):
    def test_every_file_is_python_3_9(self):
        files = sorted((ROOT / "packaging/python/src").rglob("*.py"))
        files += sorted((ROOT / "hooks").glob("*.py"))
        self.assertGreater(len(files), 3)
        for file in files:
            with self.subTest(file=file.name):
                ast.parse(file.read_text(), feature_version=OLDEST)

    def test_newer_syntax_is_refused(self):
        with self.assertRaises(SyntaxError):
            ast.parse("match 1:\n    case 1: pass\n", feature_version=OLDEST)
