"""The client against a scripted endpoint: every fault, every stop, and each request paid for once."""

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import reduce
from typing import Any

import pytest
from scripted_server import Script, ScriptedServer

from openmed_data.errors import BuildError, UsageError
from openmed_data.llm import AnswerSchema, ChatRequest, Fault, Ledger, LimitError, Prices, Rejected, Summary, dollars

Serve = Callable[[Script], ScriptedServer]
Ask = Callable[..., Summary]
Texts = Callable[..., list[Any]]

NUMBER = AnswerSchema(
    "number",
    {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    },
)


def say(number: int, **settings: Any) -> ChatRequest:
    return ChatRequest([{"role": "user", "content": f"number {number}"}], max_tokens=16, **settings)


def number_of(body: dict[str, Any]) -> int:
    return int(body["messages"][0]["content"].split()[1])


def completion(content: object, finish: str = "stop", usage: object = None, **choice: Any) -> str:
    """Return a body that an endpoint may answer with."""
    choice |= {"finish_reason": finish, "message": {"role": "assistant", "content": content}}
    return json.dumps({"model": "small-model", "choices": [choice], "usage": usage})


def on(number: int, *faults: dict[str, Any]) -> Callable[[dict[str, Any], int], dict[str, Any]]:
    """Script the faults of one request, attempt by attempt, after which it is answered."""
    return lambda body, attempt: faults[attempt] if number_of(body) == number and attempt < len(faults) else {}


def test_every_request_is_answered_once(serve: Serve, ask: Ask, texts: Texts) -> None:
    server = serve(Script())
    requests = [say(number) for number in range(50)]
    assert ask(server, requests) == Summary(stored=0, received=50)
    assert texts(requests) == [f"echo number {number}" for number in range(50)]
    assert set(server.seen.values()) == {1}


def test_a_second_run_sends_nothing(serve: Serve, ask: Ask) -> None:
    server = serve(Script())
    requests = [say(number) for number in range(10)]
    ask(server, requests)
    assert ask(server, [*requests, say(10)]) == Summary(stored=10, received=1)
    assert server.seen.total() == 11


def test_equal_requests_are_sent_once(serve: Serve, ask: Ask) -> None:
    server = serve(Script(delay=0.02))
    assert ask(server, [say(1), say(2), say(2), say(1), say(2)]) == Summary(stored=0, received=2)
    assert server.seen.total() == 2


def test_no_more_are_under_way_than_allowed(serve: Serve, ask: Ask) -> None:
    server = serve(Script(delay=0.01))
    ask(server, [say(number) for number in range(40)], concurrency=4)
    assert server.most_under_way == 4


FAULTS = {
    "429": {"status": 429, "headers": {"retry-after": "0.05"}},
    "500": {"status": 500},
    "503 page": {"status": 503, "body": "<html>busy</html>", "headers": {"content-type": "text/html"}},
    "reset": {"reset": True},
    "broken body": {"body": '{"choices": [{"mes'},
    "error with 200": {"body": '{"error": {"message": "overloaded"}}'},
    "page with 200": {"body": "<html>gateway</html>", "headers": {"content-type": "text/html"}},
    "no HTTP": {"wire": "Service Unavailable"},
    "broken chunks": {"wire": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n{}"},
    "redirect to nowhere": {"status": 307},
    "server shut down": {"body": completion("half an ans", finish="abort")},
    "upstream failed": {"body": completion("", finish="error", error={"code": 502, "message": "upstream"})},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_trouble_that_passes_is_tried_again(fault: dict[str, Any], serve: Serve, ask: Ask, texts: Texts) -> None:
    server = serve(Script(faults=on(3, fault, fault)))
    requests = [say(number) for number in range(6)]
    ask(server, requests)
    assert texts(requests)[3] == "echo number 3"
    assert sorted(server.seen.values()) == [1, 1, 1, 1, 1, 3]


def test_a_slow_answer_is_given_up_and_asked_for_again(serve: Serve, ask: Ask, texts: Texts) -> None:
    server = serve(Script(faults=on(1, {"sleep": 0.6})))
    requests = [say(0), say(1)]
    ask(server, requests, timeout=0.3)
    assert texts(requests) == ["echo number 0", "echo number 1"]
    assert server.seen.total() == 3


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed_by_all_requests(form: str, serve: Serve, ask: Ask) -> None:
    said = "1.2" if form == "seconds" else formatdate(time.time() + 3, usegmt=True)
    server = serve(Script(faults=on(1, {"status": 429, "headers": {"retry-after": said}})))
    ask(server, [say(number) for number in range(8)], concurrency=2)
    pauses = [later - earlier for earlier, later in zip(server.times, server.times[1:], strict=False)]
    assert max(pauses) >= 1.0  # a date has whole seconds


def test_an_endpoint_that_asks_for_no_wait_is_not_stormed(
    serve: Serve, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmed_data.llm.waiting.random.uniform", lambda _least, most: most)
    busy = {"status": 429, "headers": {"retry-after": "0"}}
    server = serve(Script(faults=on(0, *[busy] * 7)))
    ask(server, [say(0)], attempts=8)
    assert server.times[-1] - server.times[0] > 1.2  # 0.01 s, doubled six times, add up to 1.27 s


def test_who_waits_at_the_endpoint_s_wish_hears_of_a_stop(serve: Serve, ask: Ask) -> None:
    def faults(body: dict[str, Any], _: int) -> dict[str, Any]:
        if number_of(body) == 1:
            return {"status": 429, "headers": {"retry-after": "500"}}
        return {"status": 401, "sleep": 0.3} if number_of(body) == 2 else {}

    began = time.monotonic()
    with pytest.raises(UsageError, match="API key"):
        ask(serve(Script(faults=faults)), [say(number) for number in range(9)])
    assert time.monotonic() - began < 60  # far from the 500 s


def test_a_wait_of_hours_stops_the_run(serve: Serve, ask: Ask) -> None:
    server = serve(Script(faults=on(1, {"status": 429, "headers": {"retry-after": "7200"}})))
    with pytest.raises(BuildError, match="asks to wait 7,200 s"):
        ask(server, [say(0), say(1)])


def test_what_is_refused_for_good_is_stored_and_not_asked_again(serve: Serve, ask: Ask, texts: Texts) -> None:
    fault = {"status": 400, "body": '{"error": {"message": "the prompt is too long"}}'}
    server = serve(Script(faults=lambda body, _: fault if number_of(body) == 2 else {}))
    requests = [say(number) for number in range(4)]
    ask(server, requests)
    ask(server, requests)
    assert texts(requests)[2] == Rejected(Fault.REFUSED, "HTTP 400: the prompt is too long")
    assert server.seen.total() == 4


def test_what_stays_unanswered_is_said_and_sent_again_by_the_next_run(serve: Serve, ask: Ask) -> None:
    server = serve(Script(faults=lambda body, attempt: {"status": 500} if number_of(body) == 2 and attempt < 3 else {}))
    requests = [say(number) for number in range(4)]
    with pytest.raises(BuildError, match=r"1 of 4 requests got no answer in 3 attempts each; .*HTTP 500") as stopped:
        ask(server, requests, attempts=3)
    assert "every answer is kept" in stopped.value.hint
    assert ask(server, requests, attempts=3) == Summary(stored=3, received=1)


def test_an_endpoint_that_is_gone_stops_the_run(serve: Serve, ask: Ask) -> None:
    server = serve(Script(faults=lambda body, _: {"status": 502} if number_of(body) > 4 else {}))
    with pytest.raises(BuildError, match=r"stopped answering: HTTP 502.*; 5 of 500 requests are answered and kept"):
        ask(server, [say(number) for number in range(500)], attempts=2, concurrency=4)
    assert server.seen.total() < 50


def test_a_key_that_stops_working_stops_the_run(serve: Serve, ask: Ask) -> None:
    server = serve(Script(faults=lambda body, _: {"status": 401} if number_of(body) > 9 else {}))
    with pytest.raises(UsageError, match="10 of 100 requests are answered and kept"):
        ask(server, [say(number) for number in range(100)], concurrency=2, key="secret")
    assert server.seen.total() <= 12


# Structured answers.


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"n": 7}', {"n": 7}),
        ('```json\n{"n": 7}\n```', {"n": 7}),
        ('<think>{"n": 1}?</think>Here it is: {"n": 7} Enjoy!', {"n": 7}),
        ('{"n": "seven"}', Rejected(Fault.WRONG_SCHEMA, 'n: "seven" is not of type "integer"')),
        ('{"n": 7', Rejected(Fault.NO_JSON, '{"n": 7')),
        ("seven", Rejected(Fault.NO_JSON, "seven")),
        ("", Rejected(Fault.EMPTY, "")),
    ],
)
def test_structured_answers_are_mended_or_rejected(
    content: str, expected: object, serve: Serve, ask: Ask, texts: Texts
) -> None:
    server = serve(Script(content=lambda _: content))
    request = say(1, schema=NUMBER)
    ask(server, [request])
    assert texts([request]) == [expected]
    assert server.seen.total() == 1  # an answer that was paid for is kept, even where it is of no use


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            [{"type": "thinking", "thinking": "Hm."}, *({"type": "text", "text": word} for word in ("Gout ", "is."))],
            "Gout is.",
        ),
        ("half of a smile \ud83d", "half of a smile \ufffd"),
        ("a whole smile \U0001f600", "a whole smile \U0001f600"),
        (5, Rejected(Fault.EMPTY, "")),
        (reduce(lambda inner, _: [{"type": "text", "text": inner}], range(300), "deep"), Rejected(Fault.EMPTY, "")),
    ],
)
def test_the_text_of_an_answer(content: object, text: object, serve: Serve, ask: Ask, texts: Texts) -> None:
    ask(serve(Script(faults=lambda *_: {"body": completion(content)})), [say(0)])
    assert texts([say(0)]) == [text]


# Limits.


@pytest.mark.parametrize("tokens", [-(10**9), 10**30, float("inf"), "many"])
def test_a_usage_that_cannot_be_is_counted_at_the_most(tokens: object, serve: Serve, ask: Ask, texts: Texts) -> None:
    body = completion("so", usage={"prompt_tokens": tokens, "completion_tokens": 1})
    ledger = Ledger(Prices(input=10, output=20), max_cost=1.0)
    ask(serve(Script(faults=lambda *_: {"body": body})), [say(0)], ledger)
    assert texts([say(0)]) == ["so"]
    assert 0.0004 < dollars(ledger.spent) < 1.0


def test_requests_are_never_more_than_the_limit(serve: Serve, ask: Ask) -> None:
    server = serve(Script(delay=0.01))
    requests = [say(number) for number in range(30)]
    with pytest.raises(
        LimitError, match=r"max_requests was exceeded; \$0.000000 spent, 12 requests sent; 12 of 30"
    ) as stopped:
        ask(server, requests, Ledger(max_requests=12), concurrency=8)
    assert server.seen.total() == 12
    assert "higher limit" in stopped.value.hint
    assert ask(server, requests, Ledger(max_requests=30)) == Summary(stored=12, received=18)


def test_cost_is_never_more_than_the_limit_while_many_are_under_way(serve: Serve, ask: Ask) -> None:
    # 20 tokens in and 10 out cost 0.0004 dollars; a request of these may cost at most about 0.005.
    server = serve(Script(delay=0.01))
    ledger = Ledger(Prices(input=10, output=20), max_cost=0.02)
    with pytest.raises(LimitError, match="max_cost"):
        ask(server, [say(number) for number in range(100)], ledger, concurrency=16)
    assert 0.015 <= dollars(ledger.spent) <= 0.02
    assert ledger.reserved == 0
    assert server.answered.total() == ledger.sent
    assert dollars(ledger.spent) == pytest.approx(0.0004 * server.answered.total())


def test_what_earlier_runs_paid_counts(serve: Serve, ask: Ask) -> None:
    server = serve(Script())
    requests = [say(number) for number in range(100)]

    def ledger() -> Ledger:
        return Ledger(Prices(input=10, output=20), max_cost=0.02)

    with pytest.raises(LimitError):
        ask(server, requests, ledger())
    paid = server.seen.total()
    with pytest.raises(LimitError):
        ask(server, requests, ledger())
    assert server.seen.total() == paid


def test_attempts_that_broke_off_may_have_been_billed(serve: Serve, ask: Ask) -> None:
    server = serve(Script(faults=on(1, {"reset": True}, {"status": 500})))
    ledger = Ledger(Prices(input=10, output=20))
    ask(server, [say(0), say(1)], ledger)
    assert ledger.sent == 4
    assert 0 < ledger.lost < ledger.spent
    assert dollars(ledger.spent - ledger.lost) == pytest.approx(0.0008)


def test_an_answer_without_usage_is_counted_at_its_most(serve: Serve, ask: Ask) -> None:
    ledger = Ledger(Prices(input=10, output=20))
    ask(serve(Script(usage=None)), [say(0)], ledger)
    assert dollars(ledger.spent) > 0.0004
    assert ledger.lost == 0
