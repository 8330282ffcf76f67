"""One turn of an agent: what is installed before it, and what must be true after it."""

import re

from agents import AGENTS, PLUGIN, PROMPT
from model import ANSWER, Model
from sandbox import BRANCH, Failure, Sandbox

COMMAND = "echo b >> b.txt && git add b.txt && git commit -q -m 'Add b'"


def parts(name):
    """Returns the parts that an agent is tried in: what each is called, and the function that tries it."""
    agent = AGENTS[name]
    for target, scope in agent.targets:
        label = "%s: %s" % (agent.package, " ".join(filter(None, [target, scope])))
        yield label, lambda place, top, target=target, scope=scope: Turn(name, target, scope, place, top).go()


class Turn:
    """An agent with a model, in a sandbox, and what is installed there."""

    def __init__(self, name, target, scope, place, top):
        self.agent, self.target, self.scope = AGENTS[name], target, scope
        self.model = Model(COMMAND)
        programs = top / "npm" / name / "node_modules/.bin"
        self.sandbox = Sandbox(place, top / "sendoff", self.model.url, str(programs))
        self.agent.prepare(self.sandbox, self.model.url)

    def go(self):
        """Installs, lets the agent commit, looks for the commit on the remote, and removes."""
        try:
            if self.target == "plugin":
                self.run("plugin", "validate", PLUGIN)
                self.shipped()
            else:
                self.sandbox.sendoff("install", self.target, "--scope", self.scope, "--yes")
                expect(len(self.entries()), 1, "files with our call")
                self.distrusted()
                self.healthy(["pass"])
                self.shipped()
                self.sandbox.sendoff("uninstall", self.target, "--scope", self.scope, "--yes")
                expect(self.entries(), [], "files with our call after the removal")
        finally:
            self.model.close()

    def run(self, *arguments):
        """Runs the agent."""
        return self.sandbox.run([self.agent.program, *arguments], more=self.agent.variables(self.model.url))

    def healthy(self, wanted):
        """Looks at what doctor says of the entry."""
        expect([check["result"] for check in self.sandbox.checks(self.target)], wanted, "doctor on " + self.target)

    def distrusted(self):
        """Where the agent wants a person's trust: a turn before that ships nothing, and doctor says so."""
        if self.target in self.agent.distrusted:
            self.healthy(["pass", "warn"])
            self.run(*self.agent.turn(self.target))
            expect(self.sandbox.history(), [], "the runs without trust")
            self.agent.trust(self.sandbox)

    def shipped(self):
        """Lets the agent make a turn, and looks for what it committed on the remote."""
        sandbox = self.sandbox
        said, talk = self.run(*self.agent.turn(self.target))
        told = "\n%s%s\nrequests: %s" % (said, talk, self.model.requests)
        expect(sandbox.git("log", "-1", "--format=%s"), "Add b", "the agent's commit" + told)
        runs = sandbox.history(at_least=1)
        surface = "claude-code" if self.target == "plugin" else self.target
        expect([(run["trigger"], run["branch"]) for run in runs], [(surface, BRANCH)], "the runs" + told)
        expect(sandbox.on_remote(), sandbox.git("rev-parse", "HEAD"), "the branch on the remote" + told)
        if ANSWER not in said:
            raise Failure("the agent's last answer is missing:" + told)
        if "hook" in talk.lower() and "fail" in talk.lower():
            raise Failure("the agent speaks of a hook that failed:" + told)
        memories = [memory for memory in self.model.memories if PROMPT in memory]
        expect(len(memories), int(self.target in self.agent.with_prompt), "memories with the prompt")

    def entries(self):
        """Returns the agents' files that have our call in them."""
        sandbox = self.sandbox
        tops = [sandbox.home / name for name in (".claude", ".codex", ".copilot", ".gemini", ".config/opencode", ".pi")]
        tops += [sandbox.work / name for name in (".claude", ".codex", ".gemini", ".github", ".opencode", ".pi")]
        files = [path for top in tops for path in top.rglob("*") if path.suffix in (".json", ".toml", ".js", ".ts")]
        call = re.compile(rb"sendoff\W+hook\W+" + self.target.encode())
        ours = [path for path in files if path.stem == "sendoff" or (path.is_file() and call.search(path.read_bytes()))]
        # Gemini remembers there which hooks it has warned of.
        return [path for path in ours if path.name != "trusted_hooks.json"]


def expect(found, wanted, what):
    """Fails unless both are equal."""
    if found != wanted:
        raise Failure("%s: found %r, expected %r" % (what, found, wanted))
