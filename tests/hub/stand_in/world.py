"""What the stand-in knows: who may do what, and every repository."""

import threading
from dataclasses import dataclass, field

from .repository import RefusedError, Repository
from .storage import Storage
from .wire import Request

WRITER = "hf_" + "writerwriterwriterwriterwriterwrit"
READER = "hf_" + "readerreaderreaderreaderreaderread"
USER = "someone"


@dataclass
class World:
    """The state of a Hub.

    Attributes
    ----------
    kind
        The type of its repositories, which are all of one.
    page
        How many files one page of a tree lists.
    xet
        Folder of a content-addressed store that large files go to; None for the LFS protocol alone.
    """

    storage: Storage
    page: int = 4
    repositories: dict[str, Repository] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    xet: str | None = None
    origin: str = ""
    kind: str = "dataset"

    @property
    def api(self) -> str:
        """Where the API knows the repositories."""
        return f"/api/{self.kind}s"

    @property
    def web(self) -> str:
        """Where the web and git know them: models stand at the top."""
        return "" if self.kind == "model" else f"/{self.kind}s"

    def role(self, request: Request) -> str | None:
        """Return the role of the request's token; None without one."""
        given = request.headers.get("Authorization", "")
        if not given:
            return None
        roles = {f"Bearer {WRITER}": "write", f"Bearer {READER}": "read"}
        if given not in roles:
            raise RefusedError(401, "Invalid credentials in Authorization header")
        return roles[given]

    def readable(self, request: Request, repo: str) -> Repository:
        """Return a repository that the request may read."""
        found = self.repositories.get(repo)
        role = self.role(request)
        if found is None or (found.private and role is None):
            raise RefusedError(404 if role else 401, "Repository not found", "RepoNotFound")
        return found

    def writable(self, request: Request, repo: str) -> Repository:
        """Return a repository that the request may write to."""
        found = self.readable(request, repo)
        if self.role(request) != "write":
            raise RefusedError(403, "You don't have the required permissions to perform this action")
        return found
