"""The real Hub client against a loopback server: branches become commits, files are fetched at the commit."""

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "README.md": b"# a card\n",
    "data/train-00000-of-00001.jsonl": b'{"question": "a"}\n{"question": "b"}\n',
    "data/validation-00000-of-00001.jsonl": b'{"question": "c"}\n',
    "extra/notes.txt": b"notes",
}

FETCH = """
    import json, sys
    from openmed_data.errors import OpenMedError
    from openmed_data.sources import Upstream, resolve
    upstream = Upstream(repo="owner/medical", license="mit", homepage="", splits=("train",))
    try:
        source = resolve(sys.argv[1], upstream=upstream)
    except OpenMedError as error:
        print(json.dumps([type(error).__name__, str(error), error.hint]))
        sys.exit(error.exit_code)
    except OSError as error:
        print(json.dumps([type(error).__name__]))
        sys.exit(1)
    files = [[file.name, file.split, file.path.read_text()] for file in source.files]
    print(json.dumps([source.name, source.repo, source.revision, source.license, files]))
"""


class Handler(BaseHTTPRequestHandler):
    """Just enough of the Hub to look up a dataset and download its files."""

    asked: list[str]
    files = FILES

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        path = self.path.split("?")[0]
        if path in {
            f"/api/datasets/owner/{name}/revision/{revision}"
            for name in ("medical", "other", "empty")
            for revision in ("main", "v1", COMMIT)
        }:
            self._send(json.dumps(self._info(path.split("/")[4])).encode(), {"Content-Type": "application/json"})
        elif path.startswith("/api/datasets/owner/medical/"):
            self._refuse("RevisionNotFound")
        elif "/resolve/" in path and path.split(f"/resolve/{COMMIT}/")[-1] in self.files:
            content = self.files[path.split(f"/resolve/{COMMIT}/")[1]]
            etag = hashlib.sha256(content).hexdigest()
            self._send(content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})
        else:
            self._refuse("RepoNotFound")

    def _info(self, name: str) -> dict[str, Any]:
        files = [] if name == "empty" else list(self.files)
        siblings = [{"rfilename": file} for file in files]
        return {"id": f"owner/{name}", "sha": COMMIT, "private": False, "siblings": siblings,
                "cardData": {"license": "cc-by-4.0"} if name == "other" else {}}  # fmt: skip

    def _send(self, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def _refuse(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def serving() -> Generator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Counted", (Handler,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(text: str, endpoint: str, cache: Path) -> tuple[int, list[Any]]:
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-c", textwrap.dedent(FETCH), text]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("revision", ["", "@main", "@v1", f"@{COMMIT}"])
def test_a_revision_is_resolved_and_files_are_fetched_at_its_commit(tmp_path: Path, revision: str):
    with serving() as (endpoint, asked):
        code, found = fetch(f"hub:owner/medical{revision}", endpoint, tmp_path)
    train = "data/train-00000-of-00001.jsonl"
    assert code == 0
    assert found == ["owner/medical", "owner/medical", COMMIT, "mit", [[train, "train", FILES[train].decode()]]]
    downloads = [path for path in asked if "/resolve/" in path]
    assert downloads
    assert all(f"/resolve/{COMMIT}/" in path for path in downloads)


def test_another_repository_gives_all_its_splits_and_its_own_licence(tmp_path: Path):
    with serving() as (endpoint, _):
        code, (name, repo, revision, license_id, files) = fetch("hub:owner/other", endpoint, tmp_path)
    assert (code, name, repo, revision, license_id) == (0, "owner/other", "owner/other", COMMIT, "cc-by-4.0")
    assert [(file, split) for file, split, _ in files] == [
        ("data/train-00000-of-00001.jsonl", "train"),
        ("data/validation-00000-of-00001.jsonl", "validation"),
    ]


def test_trouble_with_the_cache_is_not_laid_on_the_hub(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with serving() as (endpoint, _):
        assert fetch("hub:owner/medical", endpoint, tmp_path / "file") == (1, ["NotADirectoryError"])


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("hub:owner/medical@v9", "hub:owner/medical has no revision 'v9'", "Name a commit, tag or branch."),
        ("hub:owner/nowhere", "hub:owner/nowhere does not exist or is not visible to you", "Check the name"),
        (
            "hub:owner/empty",
            f"hub:owner/empty@{COMMIT} holds no data file that can be read",
            "Expected one of .parquet",
        ),
    ],
)
def test_what_the_hub_does_not_have_is_named(tmp_path: Path, text: str, said: str, hint: str):
    with serving() as (endpoint, _):
        code, (kind, message, advice) = fetch(text, endpoint, tmp_path)
    assert (code, kind, message) == (2, "SourceError", said)
    assert advice.startswith(hint)
