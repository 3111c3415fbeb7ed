"""A first request that fails stops the run at once, with one message that says what to do, and no key in it."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted_server import Script, ScriptedServer

from openmed_data.errors import BuildError, OpenMedError, UsageError
from openmed_data.llm import ChatRequest, Endpoint, Ledger, Store, Summary, complete, key_from_environment
from openmed_data.progress import Silent

Serve = Callable[[Script], ScriptedServer]
Ask = Callable[..., Summary]

KEY = "sk-a-very-secret-key"
REQUESTS = [ChatRequest([{"role": "user", "content": f"number {number}"}], max_tokens=16) for number in range(20)]


def stopped(ask: Ask, server: ScriptedServer, **settings: object) -> OpenMedError:
    """Return the error that a run stops with, which sent one request."""
    with pytest.raises(OpenMedError) as error:
        ask(server, REQUESTS, **settings)
    assert server.seen.total() == 1
    assert len(str(error.value).splitlines()) == 1
    assert KEY not in f"{error.value} {error.value.hint}"
    return error.value


def test_nothing_answers(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with Store(tmp_path / "a.sqlite") as store, pytest.raises(UsageError) as error:
        complete(Endpoint(address, "m"), REQUESTS, store, Ledger(), Silent())
    assert str(error.value) == f"no connection to {address}/chat/completions: Connection refused"
    assert error.value.hint == "Start the server, or correct base_url."


def test_a_host_that_does_not_exist(tmp_path: Path) -> None:
    with (
        Store(tmp_path / "a.sqlite") as store,
        pytest.raises(UsageError, match="no connection to http://no-host"),
    ):
        complete(Endpoint("http://no-host.invalid/v1", "m"), REQUESTS, store, Ledger(), Silent())


def test_encryption_where_there_is_none(serve: Serve, ask: Ask) -> None:
    server = serve(Script())
    with pytest.raises(UsageError, match="no connection to https://"):
        ask(server, REQUESTS, base_url=server.base_url.replace("http", "https"))


def test_an_address_without_the_version(serve: Serve, ask: Ask) -> None:
    server = serve(Script())
    error = stopped(ask, server, base_url=server.base_url.removesuffix("/v1"))
    assert "nothing answers chat requests at" in str(error)
    assert "ends in /v1" in error.hint
    assert error.exit_code == 2


@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_web_page(status: int, serve: Serve, ask: Ask) -> None:
    page = {"status": status, "body": "<!doctype html><title>Welcome</title>", "headers": {"content-type": "text/html"}}
    error = stopped(ask, serve(Script(faults=lambda *_: page)))
    assert "answers with a web page" in str(error)
    assert "base_url" in error.hint


def test_something_else_than_a_completion(serve: Serve, ask: Ask) -> None:
    server = serve(Script(faults=lambda *_: {"body": '{"hello": "world"}'}))
    with pytest.raises(UsageError, match=r'not with a chat completion: ."hello": "world"'):
        ask(server, REQUESTS, attempts=1)


def test_a_key_is_missing(serve: Serve, ask: Ask) -> None:
    error = stopped(ask, serve(Script(key=KEY)), key_name="MY_KEY")
    assert str(error).startswith("no API key is in MY_KEY: HTTP 401")
    assert "environment variable MY_KEY" in error.hint
    assert error.exit_code == 2


def test_a_key_is_refused_and_not_repeated(serve: Serve, ask: Ask) -> None:
    error = stopped(ask, serve(Script(key="another")), key=KEY)
    assert "the API key in OPENAI_API_KEY is refused" in str(error)
    assert "provided: ***" in str(error)


def test_no_credit_is_left(serve: Serve, ask: Ask) -> None:
    body = '{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'
    error = stopped(ask, serve(Script(faults=lambda *_: {"status": 429, "body": body})))
    assert isinstance(error, BuildError)
    assert "no credit left" in str(error)


def test_an_unknown_model_and_those_that_are_served(serve: Serve, ask: Ask) -> None:
    error = stopped(ask, serve(Script(models=("large", "small"))), model="medium")
    assert "does not serve the model 'medium'" in str(error)
    assert error.hint == "It serves: large, small."


def test_an_unknown_model_where_models_are_not_listed(serve: Serve, ask: Ask) -> None:
    fault = {"status": 404, "body": '{"detail": "no model medium"}'}
    error = stopped(ask, serve(Script(models=None, faults=lambda *_: fault)), model="medium")
    assert "HTTP 404: no model medium" in str(error)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("'max_tokens' is not supported, use 'max_completion_tokens'", "Set limit_field=max_completion_tokens."),
        ("unknown field response_format", "It takes no JSON Schema; set structured=prompt."),
    ],
)
def test_a_field_that_the_endpoint_does_not_take(said: str, hint: str, serve: Serve, ask: Ask) -> None:
    fault = {"status": 400, "body": f'{{"error": {{"message": "{said}"}}}}'}
    assert stopped(ask, serve(Script(faults=lambda *_: fault))).hint == hint


def test_a_server_that_is_still_loading_is_waited_for(serve: Serve, ask: Ask) -> None:
    loading = {"status": 503}
    server = serve(Script(faults=lambda body, attempt: loading if attempt < 2 and "number 0" in str(body) else {}))
    assert ask(server, REQUESTS).received == 20


def test_the_key_reaches_the_endpoint_and_nothing_else(serve: Serve, ask: Ask, tmp_path: Path) -> None:
    ask(serve(Script(key=KEY)), REQUESTS, key=KEY)
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert KEY not in repr(Endpoint("http://h/v1", "m", key=KEY))


def test_a_key_that_was_copied_badly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", f"{KEY}\n")
    assert key_from_environment("MY_KEY") == KEY
    monkeypatch.setenv("MY_KEY", f"export {KEY}")
    with pytest.raises(UsageError, match="MY_KEY holds no API key"):
        key_from_environment("MY_KEY")


@pytest.mark.parametrize("address", ["http://me:secret@host/v1", "https://host/v1?key=secret"])
def test_an_address_that_holds_a_secret(address: str) -> None:
    with pytest.raises(UsageError) as error:
        Endpoint(address, "m")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "address", ["http://[::1/v1", "http://a..b/v1", "http://host:99999/v1", "http:///v1", "host/v1"]
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of an endpoint"):
        Endpoint(address, "m")


def test_the_library_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with Store(tmp_path / "a.sqlite") as store, pytest.raises(UsageError, match="needs the openai package") as error:
        complete(Endpoint("http://localhost:9/v1", "m"), REQUESTS, store, Ledger(), Silent())
    assert "openmed-data[synth]" in error.value.hint
