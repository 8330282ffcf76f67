"""A temporary directory that an agent lives in: home, remote, clone, and the programs that it finds."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

# How long a program may take. An agent's turn takes a few seconds.
DEADLINE = 120
BRANCH = "feature/x"
WORKSPACE = "ws-1"


class Failure(Exception):
    """Something is not as it should be; the text says what."""


class Sandbox:
    """A home with an identity and a policy, a bare repository as remote, and a clone of it on a branch.

    Every program runs with these variables and no others, finds sendoff first, and what it asks of any host
    but the loopback ones goes to a port that nobody listens on.
    """

    def __init__(self, top, program, url, search_path=None):
        self.top = Path(top)
        self.home = self.top / "home"
        self.work = self.top / "work"
        self.remote = self.top / "remote.git"
        temporary = self.top / "tmp"
        programs = self.top / "bin"
        for directory in (self.home, temporary, programs):
            directory.mkdir(parents=True)
        shutil.copy(program, programs / "sendoff")
        nowhere = "http://127.0.0.1:9"
        self.variables = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(programs), *([search_path] if search_path else []), os.environ["PATH"]]),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "GIT_CONFIG_NOSYSTEM": "1",
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "http_proxy": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PLATFORM_URL": url,
            "WORKSPACE_ID": WORKSPACE,
        }
        self.write(self.home / ".gitconfig", "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n")
        self.write(self.home / ".config/sendoff/policy.toml", "[remotes]\nallow-file = true\n")
        self.git("init", "-q", "--bare", str(self.remote), cwd=self.top)
        self.git("init", "-q", str(self.work), cwd=self.top)
        # In the repository: Gemini's shell tool keeps the user's configuration from git.
        self.git("config", "user.name", "An Agent")
        self.git("config", "user.email", "agent@example.com")
        self.commit("a.txt", "Start")
        self.git("remote", "add", "origin", str(self.remote))
        self.git("push", "-q", "origin", "main")
        self.git("switch", "-q", "-c", BRANCH)

    def write(self, path, text):
        """Writes a file, and the directories that it is in."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, command, cwd=None, expect=0, more=None):
        """Runs a program to its end, and returns what it said on standard output and standard error."""
        child = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd or self.work,
            env={**self.variables, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            said, talk = child.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            said, talk = child.communicate()
            raise Failure("%s did not end in %d s:\n%s%s" % (command[0], DEADLINE, said, talk)) from None
        if expect is not None and child.returncode != expect:
            raise Failure("%s ended with %d:\n%s%s" % (command, child.returncode, said, talk))
        return said, talk

    def ask(self, command, messages, wanted):
        """Sends JSON-RPC messages to a program, a line each, and returns the answer with the id `wanted`."""
        child = subprocess.Popen(
            command,
            cwd=self.work,
            env=self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        timer = threading.Timer(DEADLINE, os.killpg, (child.pid, signal.SIGKILL))
        timer.start()
        try:
            for message in messages:
                child.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            child.stdin.flush()
            for line in child.stdout:
                answer = json.loads(line)
                if answer.get("id") == wanted:
                    return answer
            raise Failure("%s did not answer" % command)
        finally:
            timer.cancel()
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()

    def git(self, *arguments, **options):
        """Runs git, and returns what it said without the end of its last line."""
        return self.run(["git", *arguments], **options)[0].rstrip("\n")

    def sendoff(self, *arguments, **options):
        """Runs sendoff, and returns what it said on standard output."""
        return self.run(["sendoff", *arguments], **options)[0]

    def commit(self, file, subject):
        """Commits a file with a new line."""
        with open(self.work / file, "a") as lines:
            lines.write(subject + "\n")
        self.git("add", file)
        self.git("commit", "-q", "-m", subject)

    def history(self, at_least=0):
        """Returns the runs, newest first, when what was handed over is out, and when there are so many.

        Codex does not wait for its `notify` program: that may hand its work over when Codex has ended.
        """
        until = time.monotonic() + DEADLINE
        while True:
            self.sendoff("status", "--wait", "60s", expect=None)
            said = self.sendoff("history", "--limit", "1000", "--json")
            runs = [json.loads(line) for line in said.splitlines()]
            if len(runs) >= at_least or time.monotonic() > until:
                return runs
            time.sleep(0.1)

    def on_remote(self, branch=BRANCH):
        """Returns the commit that the remote has for a branch; nothing where it has none."""
        return self.git("for-each-ref", "--format=%(objectname)", "refs/heads/" + branch, cwd=self.remote)

    def checks(self, name):
        """Returns what `sendoff doctor` says of one thing."""
        checks = json.loads(self.sendoff("doctor", "--json", expect=None))["checks"]
        return [check for check in checks if check["name"] == name]
