"""git's hooks with a real git: one run for each finished commit, none within an operation, none of our own push.

NEWER_GIT names the git, such as the one of a build directory, `git/bin-wrappers/git`. From 2.54 on it gets the hooks
in its configuration, before that as files.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from sandbox import Failure, Sandbox

# The first version with hooks in its configuration.
CONFIG_HOOKS = (2, 54)
HOOKS = ["post-commit", "post-rewrite", "post-merge", "post-applypatch"]
LEASE = '[remotes]\nallow-file = true\n[steps.push]\nrewrite = "lease"\n'


def parts():
    """Returns the parts: what each is called, and the function that tries it."""
    git = Path(os.environ.get("NEWER_GIT") or shutil.which("git")).absolute()
    said = subprocess.run([git, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    version = tuple(map(int, re.match(r"git version (\d+)\.(\d+)", said).groups()))
    for part in (matrix, in_configuration, half_written, two_scopes) if version >= CONFIG_HOOKS else (matrix, as_files):
        label = "%s: %s" % (said, part.__name__.replace("_", " "))
        yield label, lambda place, top, part=part: start(part, place, top, git.parent)


def start(part, place, top, directory):
    """Installs the hooks in a fresh sandbox, lets a part look at them, and removes them."""
    sandbox = Sandbox(place, top / "sendoff", "http://127.0.0.1:9", str(directory))
    del sandbox.variables["PLATFORM_URL"]
    sandbox.write(sandbox.home / ".config/sendoff/policy.toml", LEASE)
    config = sandbox.work / ".git/config"
    before = config.read_bytes()
    sandbox.sendoff("install", "git", "--yes")
    for check in ("hook.sendoff", "post-commit"):
        expect([found["result"] for found in sandbox.checks(check)], ["pass"], "doctor on " + check)
    part(sandbox)
    sandbox.sendoff("uninstall", "git", "--yes")
    if part is in_configuration or part is as_files:
        expect(config.read_bytes(), before, "the configuration after the removal")
    expect(b"[hook" in config.read_bytes(), False, "sections in the configuration after the removal")
    expect(hook_files(sandbox), [], "hook files after the removal")
    runs = len(sandbox.history())
    sandbox.commit("after.txt", "After the removal")
    expect(len(sandbox.history()), runs, "runs after the removal")


def hook_files(sandbox):
    """Returns the hooks that are files."""
    hooks = sandbox.work / ".git/hooks"
    return sorted(path.name for path in hooks.glob("post-*") if path.suffix != ".sample")


def as_files(sandbox):
    """Each hook is a file, and the configuration has nothing of it."""
    expect(hook_files(sandbox), sorted(HOOKS), "hook files")
    expect("hook" in (sandbox.work / ".git/config").read_text(), False, "hooks in the configuration")


def in_configuration(sandbox):
    """Each hook is a section, command first, and none is a file."""
    text = (sandbox.work / ".git/config").read_text()
    sections = re.findall(r'\[hook "(sendoff[^"]*)"\]\n\tcommand = .* hook (\S+)\n\tevent = (\S+)\n', text)
    expect([event for _, _, event in sections], HOOKS, "the events")
    expect([surface for _, surface, _ in sections], ["git-" + hook for hook in HOOKS], "the surfaces")
    expect(hook_files(sandbox), [], "hook files")
    expect("sendoff" in sandbox.git("hook", "list", "post-commit").splitlines(), True, "sendoff in `git hook list`")


def half_written(sandbox):
    """A section with an event and no command stops git's commits; doctor finds it, and its advice fixes it."""
    sandbox.git("config", "--unset", "hook.sendoff.command")
    sandbox.git("commit", "-q", "--allow-empty", "-m", "Stopped", expect=128)
    [check] = sandbox.checks("hook.sendoff")
    expect(check["result"], "fail", "doctor on hook.sendoff")
    sandbox.run(check["advice"].split(",")[0].split())
    sandbox.commit("b.txt", "Goes on")
    expect(len(sandbox.history()), 1, "runs after the repair")


def two_scopes(sandbox):
    """Installed for the user and for the repository it runs once, and a repository can switch it off."""
    sandbox.sendoff("install", "git", "--scope", "user", "--yes")
    sandbox.commit("b.txt", "Once")
    expect(len(sandbox.history()), 1, "runs with two installations")
    sandbox.sendoff("uninstall", "git", "--scope", "local", "--yes")
    sandbox.commit("b.txt", "By the user's")
    expect(len(sandbox.history()), 2, "runs with the user's installation")
    sandbox.git("config", "hook.sendoff.enabled", "false")
    sandbox.commit("b.txt", "Switched off")
    expect(len(sandbox.history()), 2, "runs with the hook switched off")
    sandbox.git("config", "--remove-section", "hook.sendoff")
    sandbox.sendoff("uninstall", "git", "--scope", "user", "--yes")


def matrix(sandbox):
    """Each way to finish a commit makes one run that ships it."""
    count = 0

    def finished(what, runs=1, work=None):
        nonlocal count
        count += runs
        history = sandbox.history()
        expect(len(history), count, "runs after %s, %s" % (what, history[:3]))
        work = work or sandbox.work
        if runs:
            expect(history[0]["verdict"], "done", "the verdict after " + what)
            branch = sandbox.git("symbolic-ref", "--short", "HEAD", cwd=work)
            expect(sandbox.on_remote(branch), sandbox.git("rev-parse", "HEAD", cwd=work), "the remote after " + what)

    git, commit = sandbox.git, sandbox.commit
    commit("b.txt", "First")
    finished("commit")
    git("commit", "-q", "--amend", "-m", "Amended")
    finished("commit --amend")
    git("commit", "-q", "--allow-empty", "--no-verify", "-m", "Not verified")
    finished("commit --no-verify")
    git("commit", "-q", "--allow-empty", "-m", "Off", more={"SENDOFF": "0"})
    finished("a commit that is switched off", runs=0)
    git("commit", "-q", "--allow-empty", "--fixup", "HEAD")
    finished("commit --fixup")
    (sandbox.work / "below").mkdir()
    git("commit", "-q", "--allow-empty", "-m", "From below", cwd=sandbox.work / "below")
    finished("a commit in a directory below")
    git("push", "-q", "origin", "HEAD:refs/heads/by-hand")
    git("stash", "list")
    finished("a push by hand", runs=0)

    git("switch", "-q", "-c", "other", "main")
    finished("switch", runs=0)
    for number in "123":
        commit("o%s.txt" % number, "Other " + number)
        finished("commit on another branch")
    git("switch", "-q", "feature/x")
    git("merge", "-q", "--no-ff", "-m", "Merge", "other")
    finished("merge --no-ff")
    git("switch", "-q", "-c", "picked", "main")
    git("cherry-pick", "other")
    finished("cherry-pick")
    git("cherry-pick", "other~2", "other~1")
    finished("cherry-pick of two")
    git("revert", "--no-edit", "HEAD")
    finished("revert")
    git("merge", "-q", "--squash", "feature/x", expect=None)
    git("checkout", "-q", "--theirs", ".", expect=None)
    git("add", "--all")
    git("commit", "-q", "-m", "Squashed")
    finished("a commit after merge --squash")

    for day, backend in enumerate(("--merge", "--apply"), 1):
        git("switch", "-q", "-c", "rebased" + backend, "other")
        # Within one second both would make the same commits, and a branch like another one is not shipped.
        date = {"GIT_COMMITTER_DATE": "2026-01-%02dT00:00:00Z" % day}
        git("rebase", "-q", backend, "--force-rebase", "main", more=date)
        finished("rebase " + backend)
    git("switch", "-q", "-c", "edited", "other")
    edit = "sed -i -e '2s/^pick/fixup/' -e '3s/^pick/reword/' -e '1a break'"
    editors = {"GIT_SEQUENCE_EDITOR": edit, "GIT_EDITOR": "true"}
    git("rebase", "-q", "-i", "--force-rebase", "main", more=editors)
    expect(sandbox.on_remote("edited"), "", "the remote within a rebase")
    git("commit", "-q", "--allow-empty", "-m", "Within", more=editors)
    git("rebase", "--continue", more=editors)
    finished("rebase --interactive with a stop")
    patches = sandbox.top / "patches"
    git("format-patch", "-q", "-2", "other", "-o", str(patches))
    git("switch", "-q", "-c", "mailed", "other~2")
    git("am", "-q", *sorted(map(str, patches.iterdir())))
    finished("am of two")

    git("switch", "-q", "-c", "left", "main")
    commit("k.txt", "Left")
    finished("commit")
    git("switch", "-q", "-c", "right", "main")
    commit("k.txt", "Right")
    finished("commit")
    git("merge", "left", expect=1)
    finished("a merge with a conflict", runs=0)
    commit("k.txt", "Resolved")
    finished("the commit that ends a merge")
    linked = sandbox.top / "linked"
    git("worktree", "add", "-q", "-b", "linked", str(linked), "main")
    git("commit", "-q", "--allow-empty", "-m", "Linked", cwd=linked)
    finished("a commit in a linked worktree", work=linked)


def expect(found, wanted, what):
    """Fails unless both are equal."""
    if found != wanted:
        raise Failure("%s: found %r, expected %r" % (what, found, wanted))
