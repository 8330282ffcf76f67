"""A model server on loopback that asks for one shell command, and then ends the turn.

It speaks the four protocols of the agents that are tried: Anthropic's Messages, OpenAI's Responses and
Chat Completions, and Gemini's generateContent, streamed or whole. A request that offers a shell tool and
has no result of it yet gets the call of that tool; every other one gets a sentence.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What the agents call the tool that runs a shell command.
SHELL_TOOLS = ("Bash", "bash", "shell", "shell_command", "exec_command", "run_shell_command")
ANSWER = "The change is committed."


class Model:
    """The server. `command` is what it wants to have run."""

    def __init__(self, command):
        self.command = command
        self.requests = []  # for each request: path, tools offered, what it was answered with
        self.memories = []  # what a platform would have been told: this server stands for one too
        model = self

        class Handler(BaseHTTPRequestHandler):
            """One connection of an agent."""

            protocol_version = "HTTP/1.1"

            def log_message(self, format, *arguments):
                pass

            def do_GET(self):
                model.requests.append((self.path, [], "an empty list"))
                self.send("application/json", json.dumps({"object": "list", "data": [], "models": []}))

            def do_POST(self):
                size = int(self.headers.get("content-length") or 0)
                try:
                    body = json.loads(self.rfile.read(size) or b"{}")
                except ValueError:
                    body = {}
                self.send(*model.answer(self.path, body if isinstance(body, dict) else {}))

            def send(self, kind, text):
                content = text.encode()
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        """The server's address, without a slash at its end."""
        return "http://127.0.0.1:%d" % self.server.server_port

    def close(self):
        """Ends the server."""
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, body):
        """Returns the type and the text of what a request is answered with."""
        for ends, protocol in PROTOCOLS:
            if ends(path.split("?")[0]):
                break
        else:
            if path.endswith("/memories"):
                self.memories.append(body.get("content") or "")
            else:
                self.requests.append((path, [], "nothing: the path is unknown"))
            return "application/json", "{}"
        offered = dict(protocol.tools(body))
        tool = next((name for name in SHELL_TOOLS if name in offered), None)
        call = None
        if tool and not protocol.has_result(body):
            call = (tool, arguments(offered[tool], self.command))
        self.requests.append((path, sorted(offered), "a call of %s" % tool if call else "a sentence"))
        is_streamed = body.get("stream") or "stream" in path
        whole, events = protocol.texts(body.get("model") or "model", call)
        if not is_streamed:
            return "application/json", json.dumps(whole)
        return "text/event-stream", "".join(events)


def arguments(schema, command):
    """Returns the arguments for a shell tool, in the names and types that its schema has."""
    properties = schema.get("properties") or {}
    made = {}
    for name in schema.get("required") or []:
        if (properties.get(name) or {}).get("type") == "string":
            made[name] = "Commit the change"
    name = "cmd" if "cmd" in properties else "command"
    is_list = (properties.get(name) or {}).get("type") == "array"
    made[name] = ["bash", "-c", command] if is_list else command
    return made


def event(data, name=None, end="\n\n"):
    """Returns an event of a stream."""
    text = data if isinstance(data, str) else json.dumps(data)
    return ("event: %s\n" % name if name else "") + "data: " + text + end


class Messages:
    """Anthropic's Messages."""

    def tools(body):
        return [(tool.get("name"), tool.get("input_schema") or {}) for tool in body.get("tools") or []]

    def has_result(body):
        contents = [message.get("content") for message in body.get("messages") or []]
        blocks = [block for content in contents if isinstance(content, list) for block in content]
        return any(block.get("type") == "tool_result" for block in blocks)

    def texts(model, call):
        reason = "tool_use" if call else "end_turn"
        if call:
            block = {"type": "tool_use", "id": "toolu_1", "name": call[0], "input": call[1]}
            begun = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
        else:
            block = {"type": "text", "text": ANSWER}
            begun = {**block, "text": ""}
            delta = {"type": "text_delta", "text": ANSWER}
        whole = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [block],
            "stop_reason": reason,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
        events = [
            {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": begun},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": reason, "stop_sequence": None},
                "usage": {"output_tokens": 1},
            },
            {"type": "message_stop"},
        ]
        return whole, [event(data, data["type"]) for data in events]


class Responses:
    """OpenAI's Responses."""

    def tools(body):
        tools = [tool for tool in body.get("tools") or [] if tool.get("type") == "function"]
        return [(tool.get("name"), tool.get("parameters") or {}) for tool in tools]

    def has_result(body):
        items = body.get("input")
        items = items if isinstance(items, list) else []
        return any(str(item.get("type")).endswith("_call_output") for item in items)

    def texts(model, call):
        if call:
            item = {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_1",
                "name": call[0],
                "arguments": json.dumps(call[1]),
                "status": "completed",
            }
        else:
            content = {"type": "output_text", "text": ANSWER, "annotations": []}
            item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [content]}
        usage = {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 2,
        }
        whole = {"id": "resp_1", "object": "response", "model": model, "status": "completed", "output": [item], "usage": usage}
        events = [
            {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}},
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "status": "in_progress"}},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": whole},
        ]
        return whole, [event(data, data["type"]) for data in events]


class Chat:
    """OpenAI's Chat Completions."""

    def tools(body):
        functions = [tool.get("function") or {} for tool in body.get("tools") or []]
        return [(function.get("name"), function.get("parameters") or {}) for function in functions]

    def has_result(body):
        return any(message.get("role") == "tool" for message in body.get("messages") or [])

    def texts(model, call):
        reason = "tool_calls" if call else "stop"
        message = {"role": "assistant", "content": None if call else ANSWER}
        if call:
            function = {"name": call[0], "arguments": json.dumps(call[1])}
            message["tool_calls"] = [{"index": 0, "id": "call_1", "type": "function", "function": function}]
        common = {"id": "chat_1", "created": 1, "model": model}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        whole = {**common, "object": "chat.completion", "choices": [choice], "usage": usage}
        events = []
        for delta, end in ((message, None), ({}, reason)):
            choice = {"index": 0, "delta": delta, "finish_reason": end}
            events.append(event({**common, "object": "chat.completion.chunk", "choices": [choice]}))
        return whole, [*events, event("[DONE]")]


class Gemini:
    """Gemini's generateContent."""

    def tools(body):
        lists = [tool.get("functionDeclarations") or [] for tool in body.get("tools") or []]
        functions = [function for functions in lists for function in functions]
        schema = lambda function: function.get("parametersJsonSchema") or function.get("parameters") or {}
        return [(function.get("name"), schema(function)) for function in functions]

    def has_result(body):
        parts = [part for content in body.get("contents") or [] for part in content.get("parts") or []]
        return any("functionResponse" in part for part in parts)

    def texts(model, call):
        part = {"functionCall": {"name": call[0], "args": call[1]}} if call else {"text": ANSWER}
        candidate = {"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
        usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
        whole = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model}
        return whole, [event(whole, end="\r\n\r\n")]


PROTOCOLS = (
    (lambda path: path.endswith("/messages"), Messages),
    (lambda path: path.endswith("/responses"), Responses),
    (lambda path: path.endswith("/chat/completions"), Chat),
    (lambda path: path.lower().endswith("generatecontent"), Gemini),
)
