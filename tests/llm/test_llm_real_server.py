"""The client against a server that is not ours: `transformers serve`, with a tiny model made here."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from openmed_data.errors import UsageError
from openmed_data.llm import (
    AnswerSchema,
    ChatRequest,
    Endpoint,
    Ledger,
    Prices,
    Rejected,
    Store,
    Structured,
    Summary,
    complete,
    key_of,
    read_answer,
)
from openmed_data.progress import Silent

pytestmark = pytest.mark.slow

TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
TEXTS = [
    "Fever and cough for three days, with a rash on both arms.",
    "Ask a doctor before you take two medicines at once.",
    "The kidney filters blood and makes urine.",
]
VERDICT = AnswerSchema(
    "verdict",
    {
        "type": "object",
        "properties": {"safe": {"type": "boolean"}},
        "required": ["safe"],
        "additionalProperties": False,
    },
)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model of random weights and of a tokenizer trained on three sentences."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    torch = pytest.importorskip("torch")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    fast.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        eos_token_id=0,
        pad_token_id=0,
        bos_token_id=None,
    )
    folder = tmp_path_factory.mktemp("model")
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def base_url(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Address of the server, once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; main()"
    log = tmp_path_factory.mktemp("log") / "server.txt"
    command = [sys.executable, "-c", serve, "serve", str(model_folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    offline = {"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin", "HF_HOME": str(log.parent), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as out, subprocess.Popen(command, env=offline, stdout=out, stderr=out) as process:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            with suppress(httpx2.HTTPError):
                if httpx2.get(f"http://127.0.0.1:{port}/health").is_success:
                    break
            time.sleep(0.3)
        yield f"http://127.0.0.1:{port}/v1"
        process.terminate()


def say(number: int) -> ChatRequest:
    system = {"role": "system", "content": "You explain medicine."}
    return ChatRequest([system, {"role": "user", "content": f"Tell me thing {number}."}], max_tokens=8, temperature=0.0)


def test_answers_usage_and_resumption(base_url: str, model_folder: Path, tmp_path: Path) -> None:
    endpoint = Endpoint(base_url, str(model_folder), concurrency=4)
    requests = [say(number) for number in range(12)]
    with Store(tmp_path / "answers.sqlite") as store:
        ledger = Ledger(Prices(1.0, 2.0))
        assert complete(endpoint, requests, store, ledger, Silent()) == Summary(0, 12)
        assert complete(endpoint, requests, store, Ledger(), Silent()) == Summary(12, 0)
        rows = [store.get(key_of(endpoint.body(request))) for request in requests]
    usages = [row.usage for row in rows if row is not None]
    assert len(usages) == 12
    assert all(usage is not None and usage.prompt > 10 and 1 <= usage.completion <= 8 for usage in usages)
    assert ledger.spent == sum(ledger.prices.of(usage) for usage in usages if usage is not None)
    answers = [read_answer(row, None) for row in rows if row is not None]
    assert all(isinstance(answer.value, str | Rejected) for answer in answers)


def test_the_bound_of_a_request_holds(base_url: str, model_folder: Path, tmp_path: Path) -> None:
    """A limit that one request fits into lets one request through."""
    prices = Prices(1.0, 2.0)
    endpoint = Endpoint(base_url, str(model_folder), concurrency=4)
    with Store(tmp_path / "answers.sqlite") as store:
        with pytest.raises(Exception, match="max_cost"):
            complete(endpoint, [say(number) for number in range(12)], store, Ledger(prices, max_cost=0.0008), Silent())
        held = [store.get(key_of(endpoint.body(say(number)))) for number in range(12)]
    spent = sum(prices.of(row.usage) for row in held if row is not None and row.usage is not None)
    assert 0 < spent <= 0.0008 * 10**12


@pytest.mark.parametrize("structured", list(Structured))
def test_random_weights_answer_in_no_schema(
    structured: Structured, base_url: str, model_folder: Path, tmp_path: Path
) -> None:
    """This server ignores `response_format`, so what it says is checked here."""
    endpoint = Endpoint(base_url, str(model_folder), structured=structured)
    request = ChatRequest([{"role": "user", "content": "Is it safe?"}], max_tokens=8, temperature=0.0, schema=VERDICT)
    with Store(tmp_path / "answers.sqlite") as store:
        complete(endpoint, [request], store, Ledger(), Silent())
        row = store.get(key_of(endpoint.body(request)))
    assert row is not None
    assert isinstance(read_answer(row, VERDICT).value, Rejected)


def test_another_model_and_another_address(base_url: str, tmp_path: Path) -> None:
    with Store(tmp_path / "answers.sqlite") as store:
        with pytest.raises(UsageError, match="'another-model'"):
            complete(Endpoint(base_url, "another-model"), [say(1)], store, Ledger(), Silent())
        with pytest.raises(UsageError, match="nothing answers chat requests"):
            complete(Endpoint(base_url + "/v1", "m"), [say(1)], store, Ledger(), Silent())
