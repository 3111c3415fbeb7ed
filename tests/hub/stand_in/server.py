"""A Hub on two loopback origins, served from threads of this process."""

import logging
import threading
from collections.abc import Iterable
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .accounts import Accounts
from .faults import Faults
from .reading import Reading
from .repository import Repository, regular
from .storage import Storage
from .wire import Handler, Route
from .world import World
from .writing import Writing

logger = logging.getLogger(__name__)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("a request failed")


class StandIn:
    """A Hub that real clients talk to; use it as a context.

    Examples
    --------
    ::

        with StandIn(tmp_path) as hub:
            hub.faults.plant(Fault("POST .*/commit/", Kind.LOST))
            ...  # HF_ENDPOINT=hub.origin
            assert len(hub.repository("someone/data").history("main")) == 2
    """

    def __init__(self, folder: Path, *, xet: bool = False, kind: str = "dataset") -> None:
        (folder / "objects").mkdir(parents=True)
        self.storage = Storage(folder / "objects")
        self.world = World(self.storage, xet=str(folder / "cas") if xet else None, kind=kind)
        self.faults, self.storage_faults = Faults(), Faults()
        self.asked: list[str] = []
        self.stored: list[str] = []
        self._stopping = threading.Event()
        rooms = (Accounts(self.world), Reading(self.world), Writing(self.world))
        self._hub = self._serve((route for room in rooms for route in room.routes()), self.faults, self.asked)
        self._storage = self._serve(self.storage.routes(), self.storage_faults, self.stored)
        self.world.origin = self.origin
        self.storage.origin = f"http://127.0.0.1:{self._storage.server_port}"

    @property
    def origin(self) -> str:
        """The address to give to clients as HF_ENDPOINT."""
        return f"http://127.0.0.1:{self._hub.server_port}"

    def repository(self, repo: str) -> Repository:
        """Return the state of a repository."""
        return self.world.repositories[repo]

    def create(self, repo: str, *, private: bool = True) -> Repository:
        """Make a repository, as its owner would by hand."""
        made = self.world.repositories[repo] = Repository(repo, private=private)
        return made

    def put(self, repo: str, path: str, content: bytes) -> None:
        """Commit a file to main, as somebody else would."""
        found = self.repository(repo)
        found.commit({"summary": f"Somebody adds {path}"}, {path: regular(content)}, [], pull=False)

    def read(self, repo: str, revision: str = "main") -> dict[str, bytes]:
        """Return the bytes of every file that does not lie in a content-addressed store."""
        files = self.repository(repo).at(revision).files
        return {
            path: blob.content if blob.content is not None else self.storage.path(str(blob.sha256)).read_bytes()
            for path, blob in files.items()
            if blob.xet is None
        }

    def release(self) -> None:
        """Let go of every connection that a fault keeps silent."""
        self._stopping.set()
        self._stopping.clear()

    def __enter__(self) -> Self:
        for server in (self._hub, self._storage):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for server in (self._hub, self._storage):
            server.shutdown()
            server.server_close()

    def _serve(self, routes: Iterable[Route], faults: Faults, asked: list[str]) -> _Server:
        names = {"routes": list(routes), "faults": faults, "asked": asked, "stopping": self._stopping}
        return _Server(("127.0.0.1", 0), type("Bound", (Handler,), names))
