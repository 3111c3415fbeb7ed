import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from openmed_data.probe import Endpoint, EndpointError, pass_rates_from_endpoint, pass_rates_from_rollouts

PROMPTS = pl.DataFrame(
    {
        "id": ["easy", "hard", "open", "unseen"],
        "prompt": [[{"role": "user", "content": name}] for name in ("easy", "hard", "open", "unseen")],
        "answer": ["Two", "Two", "it depends", "yes"],
        "answer_type": ["choice", "choice", "boolean", "boolean"],
        "choices": [["One", "Two"], ["One", "Two"], [], []],
        "answer_label": ["B", "B", None, None],
    }
)


def test_pass_rates_from_recorded_rollouts(tmp_path: Path) -> None:
    rows = [
        {"id": "easy", "completions": ["<answer>B</answer>", "The answer is B."]},
        {"id": "hard", "completion": "<answer>A</answer>"},
        {"id": "hard", "completion": [{"role": "assistant", "content": "<answer>B</answer>"}]},
        {"id": "hard", "completions": ["", "B or A"]},
        {"id": "open", "completion": "yes"},
    ]
    path = tmp_path / "rollouts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    rates = pass_rates_from_rollouts(PROMPTS, path)
    assert rates.schema == {"id": pl.String, "n": pl.UInt32, "pass_rate": pl.Float64}
    assert rates.rows() == [("easy", 2, 1.0), ("hard", 4, 0.25), ("open", 1, None), ("unseen", 0, None)]


def test_every_bad_line_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "rollouts.jsonl"
    path.write_bytes(
        b'{"id": "easy"}\nnot json\n{"id": "who", "completion": "x"}\n[1]\n{"id": "easy", "completion": "B"}\n'
        b'\xff\n{"id": "easy", "completion": ["B"]}\n'
        b'{"id": "easy", "completion": [{"role": "assistant", "content": 2}]}\n'
    )
    with pytest.raises(ValueError, match="7 bad lines") as error:
        pass_rates_from_rollouts(PROMPTS, path)
    for part in ("line 1: expected completion", "line 2:", "line 3: id 'who'", "line 4: expected an object"):
        assert part in str(error.value)
    for part in ("line 6: 'utf-8'", "line 7: expected completion", "line 8: expected completion"):
        assert part in str(error.value)


class Server(ThreadingHTTPServer):
    """Answers B to every prompt but "hard"; ``failures`` statuses are sent first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.failures: list[int] = []
        self.body: str | None = None
        self.seen: list[dict] = []
        self.headers_seen: list[str | None] = []
        self.now, self.most, self.lock = 0, 0, threading.Lock()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        server = self.server
        with server.lock:
            server.now += 1
            server.most = max(server.most, server.now)
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.seen.append(request)
            server.headers_seen.append(self.headers.get("Authorization"))
            status = server.failures.pop(0) if server.failures and len(server.seen) > 1 else 200
        said = "<answer>A</answer>" if request["messages"][-1]["content"] == "hard" else "<answer>B</answer>"
        body = server.body or json.dumps({"choices": [{"message": {"content": said}}]})
        data = (body if status == 200 else "busy").encode()
        with server.lock:
            server.now -= 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_pass_rates_from_a_served_model(server: Server) -> None:
    endpoint = Endpoint(server.base_url, "tiny", api_key="secret", concurrency=3, temperature=0.7, max_tokens=64)
    rates = pass_rates_from_endpoint(PROMPTS.head(2), endpoint, samples=4)
    assert rates.rows() == [("easy", 4, 1.0), ("hard", 4, 0.0)]
    assert len(server.seen) == 8
    assert server.seen[0] | {"messages": None} == {
        "model": "tiny",
        "messages": None,
        "temperature": 0.7,
        "max_tokens": 64,
    }
    assert set(server.headers_seen) == {"Bearer secret"}
    assert server.most <= 3
    assert "secret" not in repr(endpoint)


def test_a_status_that_passes_is_tried_again(server: Server) -> None:
    server.failures = [503]
    rates = pass_rates_from_endpoint(PROMPTS.head(1), Endpoint(server.base_url, "tiny"), samples=2)
    assert rates.rows() == [("easy", 2, 1.0)]
    assert len(server.seen) == 3


def test_a_status_that_stays_is_said_once_and_clearly(server: Server) -> None:
    server.failures = [401] * 50
    with pytest.raises(EndpointError, match=r"/v1/chat/completions: HTTP 401: the endpoint wants an API key: busy"):
        pass_rates_from_endpoint(PROMPTS, Endpoint(server.base_url, "tiny", concurrency=1), samples=2)


def test_an_answer_that_is_no_completion_is_shown(server: Server) -> None:
    server.body = '{"error": "no such route"}'
    with pytest.raises(EndpointError, match=r"no chat completion: .*no such route"):
        pass_rates_from_endpoint(PROMPTS, Endpoint(server.base_url, "tiny"))
    assert len(server.seen) == 1


def test_nobody_listening_costs_one_request_and_names_the_address() -> None:
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:9/v1/chat/completions: no answer .*is the server running"):
        pass_rates_from_endpoint(PROMPTS, Endpoint("http://127.0.0.1:9/v1", "tiny", timeout=5))


def test_no_prompts_need_no_endpoint() -> None:
    assert pass_rates_from_endpoint(PROMPTS.head(0), Endpoint("http://127.0.0.1:9/v1", "tiny")).height == 0
