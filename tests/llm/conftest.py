"""What the tests of the client share: its waits, its questions, its stored answers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from scripted_server import MODEL, ScriptedServer

from openmed_data.llm import ChatRequest, Endpoint, Ledger, Store, Summary, complete, key_of, read_answer
from openmed_data.progress import Silent


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as the client waits, only shorter; and let no key of this machine into a test."""
    monkeypatch.setattr("openmed_data.llm.waiting._FIRST", 0.01)
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Summary]:
    """Return the function that asks a server some things and stores the answers under `tmp_path`."""

    def run(server: ScriptedServer, requests: list[ChatRequest], ledger: Ledger | None = None, **settings) -> Summary:
        endpoint = Endpoint(**{"base_url": server.base_url, "model": MODEL, **settings})
        with Store(tmp_path / "answers.sqlite") as store:
            return complete(endpoint, requests, store, ledger or Ledger(), settings.get("progress", Silent()))

    return run


@pytest.fixture
def texts(tmp_path: Path) -> Callable[..., list[object]]:
    """Return the function that reads the stored values of requests; None where there is none."""

    def read(requests: list[ChatRequest]) -> list[object]:
        endpoint = Endpoint("http://any/v1", MODEL)
        with Store(tmp_path / "answers.sqlite") as store:
            rows = [store.get(key_of(endpoint.body(request))) for request in requests]
        return [row and read_answer(row, one.schema).value for row, one in zip(rows, requests, strict=True)]

    return read
