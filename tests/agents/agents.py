"""The agents that are tried: where they come from, how they are told of the model, and how a turn is begun."""

import json
from pathlib import Path

PROMPT = "Commit the change, please."
PLUGIN = Path(__file__).resolve().parents[2] / "hooks/claude-plugin"


class Agent:
    """An agent of npm's registry.

    `targets` are those of `sendoff install`, each with a scope. `finish` is what the package's own script after
    the installation does; other scripts do not run.
    """

    package = program = None
    finish = None
    # The Node.js that it needs.
    node = (20, 0)
    targets = ()
    # The targets whose payload has the user's prompt.
    with_prompt = ()
    # The targets that run only when a person has trusted them.
    distrusted = ()

    def prepare(self, sandbox, url):
        """Writes what the agent needs to find the model and to trust the repository."""

    def turn(self, target):
        """Returns the arguments of a turn without a terminal."""
        raise NotImplementedError

    def variables(self, url):
        """Returns the variables of a turn."""
        return {}

    def trust(self, sandbox):
        """Does what a person does to trust what was installed."""


class ClaudeCode(Agent):
    """Claude Code. The target `plugin` is ours, from `hooks/claude-plugin`; sendoff does not install it."""

    package = "@anthropic-ai/claude-code@2.1.332"
    program = "claude"
    finish = "install.cjs"
    targets = (("claude-code", "user"), ("claude-code", "project"), ("claude-code", "local"), ("plugin", None))

    def turn(self, target):
        plugin = ["--plugin-dir", str(PLUGIN)] if target == "plugin" else []
        return ["-p", PROMPT, "--allowedTools", "Bash", *plugin]

    def variables(self, url):
        return {
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "none",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }


class Codex(Agent):
    """Codex. Its hook runs only when a person has trusted it, its `notify` program always."""

    package = "@openai/codex@0.171.0"
    program = "codex"
    targets = (("codex", "user"), ("codex", "project"), ("codex-notify", "user"))
    with_prompt = ("codex-notify",)
    distrusted = ("codex",)

    def prepare(self, sandbox, url):
        text = """# kept
model = "gpt-5"
model_provider = "loopback"

[model_providers.loopback]
name = "loopback"
base_url = "%s/v1"
wire_api = "responses"

[projects."%s"]
trust_level = "trusted"
"""
        sandbox.write(sandbox.home / ".codex/config.toml", text % (url, sandbox.work))

    def turn(self, target):
        return ["exec", "--dangerously-bypass-approvals-and-sandbox", PROMPT]

    def trust(self, sandbox):
        client = {"clientInfo": {"name": "sendoff", "version": "0"}, "capabilities": {}}
        asked = {"id": 2, "method": "hooks/list", "params": {"cwds": [str(sandbox.work)]}}
        begin = [{"id": 1, "method": "initialize", "params": client}, {"method": "initialized"}]
        answer = sandbox.ask([self.program, "app-server"], [*begin, asked], 2)
        with open(sandbox.home / ".codex/config.toml", "a") as config:
            for place in answer["result"]["data"]:
                for hook in place["hooks"]:
                    key, known = json.dumps(hook["key"]), json.dumps(hook["currentHash"])
                    config.write("\n[hooks.state.%s]\ntrusted_hash = %s\n" % (key, known))


class Copilot(Agent):
    """GitHub Copilot CLI. With a model server of one's own it wants no account; a repository's hooks run only in a folder
    that is trusted."""

    package = "@github/copilot@1.0.102"
    program = "copilot"
    # It reads a repository's `.claude/settings.json` as well.
    targets = (("copilot", "user"), ("copilot", "project"), ("claude-code", "project"))

    def turn(self, target):
        return ["-p", PROMPT, "--allow-all-tools", "--trust-folder", "--no-color"]

    def variables(self, url):
        return {
            "COPILOT_PROVIDER_BASE_URL": url + "/v1",
            "COPILOT_MODEL": "gpt-4.1",
            "COPILOT_OFFLINE": "true",
            "COPILOT_AUTO_UPDATE": "false",
        }


class Gemini(Agent):
    """Gemini CLI. A model is named, because else it asks one which model to ask."""

    package = "@google/gemini-cli@0.61.0"
    program = "gemini"
    targets = (("gemini", "user"), ("gemini", "project"))
    with_prompt = ("gemini",)

    def prepare(self, sandbox, url):
        text = '// kept\n{ "security": { "auth": { "selectedType": "gemini-api-key" } } }\n'
        sandbox.write(sandbox.home / ".gemini/settings.json", text)
        trusted = {str(sandbox.work): "TRUST_FOLDER"}
        sandbox.write(sandbox.home / ".gemini/trustedFolders.json", json.dumps(trusted))

    def turn(self, target):
        return ["-m", "gemini-2.5-flash", "--approval-mode", "yolo", "-p", PROMPT]

    def variables(self, url):
        return {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "none"}


class OpenCode(Agent):
    """OpenCode."""

    package = "opencode-ai@1.18.33"
    program = "opencode"
    finish = "postinstall.mjs"
    targets = (("opencode", "user"), ("opencode", "project"))
    with_prompt = ("opencode",)

    def prepare(self, sandbox, url):
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "name": "loopback",
            "options": {"baseURL": url + "/v1", "apiKey": "none"},
            "models": {"model": {"name": "model"}},
        }
        settings = {"model": "loopback/model", "permission": "allow", "provider": {"loopback": provider}}
        sandbox.write(sandbox.home / ".config/opencode/opencode.json", json.dumps(settings))

    def turn(self, target):
        return ["run", PROMPT]

    def variables(self, url):
        # It fetches the types of its plugins by npm, and goes on without them.
        return {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1", "npm_config_offline": "true"}


class Pi(Agent):
    """Pi. It wants a newer Node.js than the others."""

    package = "@earendil-works/pi-coding-agent@1.6.0"
    program = "pi"
    node = (22, 19)
    targets = (("pi", "user"), ("pi", "project"))
    with_prompt = ("pi",)

    def prepare(self, sandbox, url):
        provider = {"baseUrl": url + "/v1", "api": "openai-completions", "apiKey": "none", "models": [{"id": "model"}]}
        sandbox.write(sandbox.home / ".pi/agent/models.json", json.dumps({"providers": {"loopback": provider}}))

    def turn(self, target):
        return ["-p", "--approve", "--provider", "loopback", "--model", "model", PROMPT]

    def variables(self, url):
        return {"PI_OFFLINE": "1"}


AGENTS = {
    "claude-code": ClaudeCode(),
    "codex": Codex(),
    "copilot": Copilot(),
    "gemini": Gemini(),
    "opencode": OpenCode(),
    "pi": Pi(),
}
