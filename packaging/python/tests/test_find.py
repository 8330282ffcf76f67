"""Where the program is looked for, and in which order."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

import sendoff
from programs import Case

PACKAGE = Path(sendoff.__file__).parent


class Found(Case):
    def program(self, path: Path) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('#!/bin/sh\necho "$0 $*"\nexit 7\n')
        path.chmod(0o755)
        return str(path)

    def copy(self, to: str) -> Path:
        """Puts the package somewhere, as `pip install --target` and `--prefix` do."""
        place = self.directory / to / "sendoff"
        place.mkdir(parents=True)
        for file in PACKAGE.glob("*.py"):
            (place / file.name).write_bytes(file.read_bytes())
        return place.parent

    def asked(self, place: Path, **variables: str) -> str:
        """Asks a bare Python that has the package at a place."""
        done = subprocess.run(
            [sys.executable, "-B", "-c", "import sendoff; print(sendoff.find_binary())"],
            env={"PYTHONPATH": str(place), "HOME": str(self.directory / "home"), **variables},
            cwd=self.directory,
            stdout=subprocess.PIPE,
            check=True,
        )
        return done.stdout.decode().strip()

    def without_scripts(self, place: Path, **variables: str) -> str:
        """Asks where the environment itself has no program: the tests' own may be there."""
        code = (
            "import sysconfig; real = sysconfig.get_path\n"
            "def path(name, scheme=None, vars=None):\n"
            "    return real(name, scheme, vars) if scheme else '/nonexistent'\n"
            "sysconfig.get_path = path\n"
            "import sendoff; print(sendoff.find_binary())"
        )
        done = subprocess.run(
            [sys.executable, "-B", "-c", code],
            env={"PYTHONPATH": str(place), "HOME": str(self.directory / "home"), **variables},
            cwd=self.directory,
            stdout=subprocess.PIPE,
            check=True,
        )
        return done.stdout.decode().strip()

    def test_the_variable_decides_alone(self) -> None:
        path = self.program(self.directory / "own" / "anything")
        place = self.copy("target")
        beside = self.program(self.directory / "target" / "bin" / "sendoff")
        self.assertEqual(self.asked(place, SENDOFF_BIN=path), path)
        self.assertEqual(self.asked(place, SENDOFF_BIN="/nonexistent"), "None")
        self.assertEqual(self.without_scripts(place, SENDOFF_BIN=""), beside)

    def test_a_program_beside_the_package_is_found(self) -> None:
        place = self.copy("target")
        beside = self.program(self.directory / "target" / "bin" / "sendoff")
        self.assertEqual(self.without_scripts(place), beside)

    def test_a_program_of_the_prefix_is_found(self) -> None:
        place = self.copy("prefix/lib/python3.9/site-packages")
        above = self.program(self.directory / "prefix" / "bin" / "sendoff")
        self.assertEqual(self.without_scripts(place), above)

    def test_a_program_of_the_user_is_found_before_the_search_path(self) -> None:
        place = self.copy("somewhere")
        other = self.program(self.directory / "other" / "sendoff")
        self.assertEqual(self.without_scripts(place, PATH=str(Path(other).parent)), other)
        if sys.platform == "linux":
            own = self.program(self.directory / "home" / ".local" / "bin" / "sendoff")
            self.assertEqual(self.without_scripts(place, PATH=str(Path(other).parent)), own)

    def test_what_lies_in_the_current_directory_is_never_run(self) -> None:
        place = self.copy("somewhere")
        self.program(self.directory / "sendoff")
        self.program(self.directory / "bin" / "sendoff")
        self.assertEqual(self.without_scripts(place, PATH=".:bin:"), "None")

    def test_a_file_without_permission_to_run_is_no_program(self) -> None:
        place = self.copy("target")
        beside = Path(self.program(self.directory / "target" / "bin" / "sendoff"))
        beside.chmod(0o644)
        self.assertEqual(self.without_scripts(place), "None")


class Module(Case):
    def run_module(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "sendoff", *arguments],
            env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def test_the_module_becomes_the_program(self) -> None:
        self.real()
        done = self.run_module("--version")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith(b"sendoff "))
        # Not Python's 1 or 2: the code is the program's own.
        self.assertEqual(self.run_module("--nonesuch").returncode, 64)

    def test_the_module_without_a_program_says_so(self) -> None:
        os.environ["SENDOFF_BIN"] = "/nonexistent"
        done = self.run_module("--version")
        self.assertEqual(done.returncode, 127)
        self.assertIn(b"not installed", done.stderr)


if __name__ == "__main__":
    unittest.main()
