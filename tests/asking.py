"""A run of the client as a process of its own: ``python asking.py BASE_URL STORE COUNT [CONCURRENCY]``."""

import sys
from pathlib import Path

from openmed_data.llm import ChatRequest, Endpoint, Ledger, Store, complete
from openmed_data.progress import Silent


class Lines(Silent):
    """Says every note on standard output."""

    def note(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def requests(count: int) -> list[ChatRequest]:
    return [ChatRequest([{"role": "user", "content": f"number {one}"}], max_tokens=16) for one in range(count)]


def main() -> None:
    base_url, path, count, concurrency = sys.argv[1:]
    endpoint = Endpoint(base_url, "small-model", concurrency=int(concurrency))
    with Store(Path(path)) as store:
        complete(endpoint, requests(int(count)), store, Ledger(), Lines())


if __name__ == "__main__":
    main()
