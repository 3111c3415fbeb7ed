"""A loopback endpoint that does what a script says, and counts every request by its body.

Run as a program it writes its address, obeys the script on the command line until its input ends, and tells its counts:

    python scripted_server.py '{"delay": 0.02}'        then   GET /counts
"""

import hashlib
import json
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "small-model"


@dataclass
class Script:
    """What the endpoint does.

    Attributes
    ----------
    faults
        For a request's number of earlier attempts, what to do instead of answering; the last one lasts.
    content
        Gives the text of the answer from the request's body.
    """

    content: Callable[[dict[str, Any]], str] = lambda body: f"echo {body['messages'][-1]['content']}"
    faults: Callable[[dict[str, Any], int], dict[str, Any]] = lambda _body, _attempt: {}
    key: str = ""
    models: tuple[str, ...] | None = (MODEL,)
    delay: float = 0.0
    usage: dict[str, int] | None = field(default_factory=lambda: {"prompt_tokens": 20, "completion_tokens": 10})
    prefix: str = "/v1"


class ScriptedServer:
    """Serves a script on a loopback port, in threads of its own."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.seen: Counter[str] = Counter()  # by hash of the body
        self.answered: Counter[str] = Counter()
        self.attempts: dict[str, int] = defaultdict(int)
        self.times: list[float] = []
        self.headers: list[dict[str, str]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}{self.script.prefix}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: ScriptedServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        script = self.owner.script
        if self.path == "/counts":
            self._json(200, {"seen": self.owner.seen, "answered": self.owner.answered})
        elif self.path == f"{script.prefix}/models" and script.models is not None:
            self._json(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in script.models]})
        else:
            self._json(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        owner = self.owner
        digest = hashlib.sha256(raw).hexdigest()
        with owner.lock:
            owner.seen[digest] += 1
            attempt = owner.attempts[digest]
            owner.attempts[digest] += 1
            owner.times.append(time.monotonic())
            owner.headers.append(dict(self.headers))
            owner.under_way += 1
            owner.most_under_way = max(owner.most_under_way, owner.under_way)
        try:
            self._respond(json.loads(raw), attempt, digest)
        finally:
            with owner.lock:
                owner.under_way -= 1

    def _respond(self, body: dict[str, Any], attempt: int, digest: str) -> None:
        script = self.owner.script
        if self.path != f"{script.prefix}/chat/completions":
            self._json(404, {"detail": "Not Found"})
            return
        if script.key and self.headers.get("authorization") != f"Bearer {script.key}":
            given = self.headers.get("authorization", "").removeprefix("Bearer ")
            self._json(401, {"error": {"message": f"Incorrect API key provided: {given}", "code": "invalid_api_key"}})
            return
        if script.models is not None and body["model"] not in script.models:
            self._json(404, {"error": {"message": f"The model `{body['model']}` does not exist", "code": "model"}})
            return
        time.sleep(script.delay)
        fault = script.faults(body, attempt)
        if fault:
            self._fail(fault)
            return
        message = {"role": "assistant", "content": script.content(body)}
        answer = {
            "id": f"chatcmpl-{digest[:8]}",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }
        if script.usage is not None:
            answer["usage"] = {**script.usage, "total_tokens": sum(script.usage.values())}
        self._json(200, answer)
        with self.owner.lock:
            self.owner.answered[digest] += 1

    def _fail(self, fault: dict[str, Any]) -> None:
        time.sleep(fault.get("sleep", 0))
        if "wire" in fault:  # what stands in the place of a whole response
            self.wfile.write(fault["wire"].encode())
            self.close_connection = True
            return
        if fault.get("reset"):
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [{"mess')
            self.wfile.flush()
            self.close_connection = True
            return
        raw = fault.get("body", '{"error": {"message": "scripted"}}').encode()
        self._raw(fault.get("status", 200), raw, fault.get("headers", {}))

    def _json(self, status: int, value: Any) -> None:
        self._raw(status, json.dumps(value).encode(), {"content-type": "application/json"})

    def _raw(self, status: int, raw: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def main() -> None:
    with ScriptedServer(Script(**json.loads(sys.argv[1]))) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
