"""How many requests a second the client keeps up with, next to ordinary ways of asking an endpoint.

    python benchmarks/llm_client.py                     # 3,000 requests each, 64 at once, 3 rounds

An endpoint in a process of its own answers at once, so all time is the client's: what is measured is whether the client
could ever hold up a server such as vLLM. Ours does more than the others: it hashes each request, keeps count of cost,
and returns only when every answer is in the store on the disk. Nothing is tuned on these requests, which mean nothing.
"""

import argparse
import asyncio
import json
import logging
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from openmed_data.llm import ChatRequest, Endpoint, Ledger, Prices, Store, complete
from openmed_data.progress import Silent

PORT_LINE = "listening on "
CONTENT = json.dumps({"answer": "word " * 150})
ANSWER = json.dumps(
    {
        "id": "chatcmpl-0", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": CONTENT}}],
        "usage": {"prompt_tokens": 400, "completion_tokens": 160, "total_tokens": 560},
    }
).encode()  # fmt: skip
RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER) + ANSWER


class Instant(asyncio.Protocol):
    """Answers every request at once with the same answer."""

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self.transport, self.held = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is there whole."""
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            length = int(self.held[:end].lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            if len(self.held) < end + 4 + length:
                return
            self.held = self.held[end + 4 + length :]
            self.transport.write(RESPONSE)


async def serve() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Instant, "127.0.0.1", 0)
    print(PORT_LINE, server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def messages(number: int) -> list[dict[str, str]]:
    """Return a prompt of about 2,000 characters, as one with a passage is."""
    return [
        {"role": "system", "content": "You write medical training data. " * 10},
        {"role": "user", "content": f"Passage {number}: " + "the patient was seen and treated " * 50},
    ]


def ours(base_url: str, count: int, at_once: int) -> None:
    """Ask through `openmed_data.llm`: hash, limits, accounting, store."""
    endpoint = Endpoint(base_url, "m", concurrency=at_once)
    requests = [ChatRequest(messages(number), max_tokens=512) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "answers.sqlite") as store:
        ledger = Ledger(Prices(1, 2), max_cost=1e6, max_requests=count)
        complete(endpoint, requests, store, ledger, Silent())


async def _each(count: int, at_once: int, ask: Callable[[int], Awaitable[Any]]) -> None:
    """Run every call, at most so many at once: the semaphore and the gather of a hundred tutorials."""
    slots = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with slots:
            await ask(number)

    await asyncio.gather(*(one(number) for number in range(count)))


def bare(base_url: str, count: int, at_once: int) -> None:
    """Ask through the OpenAI client with its default transport and a semaphore; keep the answers in memory."""
    from openai import AsyncOpenAI

    async def run() -> None:
        async with AsyncOpenAI(base_url=base_url, api_key="none") as client:

            async def ask(number: int) -> Any:
                return await client.chat.completions.create(model="m", messages=messages(number), max_tokens=512)

            await _each(count, at_once, ask)

    asyncio.run(run())


def ordinary(base_url: str, count: int, at_once: int) -> None:
    """Ask as scripts do: the OpenAI client, a retry loop, each answer appended to a JSONL file and flushed."""
    from openai import APIError, AsyncOpenAI

    async def run(path: Path) -> None:
        async with AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
            with path.open("w") as out:

                async def ask(number: int) -> None:
                    for attempt in range(6):
                        try:
                            made = await client.chat.completions.create(
                                model="m", messages=messages(number), max_tokens=512
                            )
                            break
                        except APIError:
                            await asyncio.sleep(random.uniform(0, 2**attempt))  # noqa: S311
                    out.write(json.dumps({"number": number, "answer": made.model_dump()}) + "\n")
                    out.flush()

                await _each(count, at_once, ask)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "answers.jsonl"))


WAYS = {"openmed-data": ours, "openai + semaphore": bare, "openai + retries + JSONL": ordinary}


def timed(way: str, base_url: str, count: int, at_once: int) -> tuple[float, float]:
    """Return wall and processor seconds of one way, in a process of its own, its imports left out."""
    command = [sys.executable, __file__, "--way", way, "--url", base_url, "--count", str(count)]
    done = subprocess.run([*command, "--at-once", str(at_once)], check=True, capture_output=True, text=True)
    wall, busy = map(float, done.stdout.split())
    return wall, busy


def run_one(way: str, base_url: str, count: int, at_once: int) -> None:
    """Run one way once to warm up and once to be timed."""
    logging.disable()
    WAYS[way](base_url, 50, at_once)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    WAYS[way](base_url, count, at_once)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    print(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def compare(count: int, at_once: int, rounds: int) -> None:
    """Print every way's speed, the rounds of all ways in turn."""
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().removeprefix(PORT_LINE).strip() if server.stdout else ""
        base_url = f"http://127.0.0.1:{port}/v1"
        runs: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way, results in runs.items():
                results.append(timed(way, base_url, count, at_once))
        server.kill()
    print(f"{count:,} requests, {at_once} at once, {rounds} rounds; the endpoint answers at once from another process")
    for way, results in runs.items():
        speeds = sorted(count / wall for wall, _ in results)
        busy = statistics.median(used for _, used in results) / count * 1e6
        spread = f"{speeds[0]:,.0f} to {speeds[-1]:,.0f}"
        print(f"{way:26}{statistics.median(speeds):7,.0f} requests/s ({spread}), {busy:,.0f} µs of processor each")


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
    elif arguments.way:
        run_one(arguments.way, arguments.url, arguments.count, arguments.at_once)
    else:
        compare(arguments.count, arguments.at_once, arguments.rounds)


if __name__ == "__main__":
    main()
