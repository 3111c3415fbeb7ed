"""The other origin: where the bytes of large files go and come from, by signed address and without the user's token."""

import hashlib
import secrets
import threading
from pathlib import Path

from .repository import RefusedError
from .wire import Request, Response, Route, answer_json

PART = 1 << 25  # bytes; larger files are uploaded in parts


class Storage:
    """Large files by SHA-256, in one folder.

    Attributes
    ----------
    leaked
        Requests that carried a Hub token, which must never reach this origin.
    received
        Bytes of all uploads that arrived.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin = ""
        self.leaked: list[str] = []
        self.received = 0
        self._key = secrets.token_hex(16)
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """Return what this origin answers."""
        return [
            ("PUT", "/objects/([0-9a-f]{64})", self._put),
            ("PUT", "/parts/([0-9a-f]{64})/([0-9]+)", self._put_part),
            ("GET", "/objects/([0-9a-f]{64})", self._get),
        ]

    def path(self, sha256: str) -> Path:
        return self.folder / sha256

    def has(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def signed(self, path: str) -> str:
        """Return an address that this origin answers."""
        return f"{self.origin}{path}?signature={self._signature(path)}"

    def join(self, sha256: str, parts: int) -> None:
        """Make one file of uploaded parts."""
        partial = self.folder / f"{sha256}.joined"
        with partial.open("wb") as stream:
            for number in range(1, parts + 1):
                stream.write((self.folder / f"{sha256}.{number}").read_bytes())
        self._keep(partial, sha256)

    def _signature(self, path: str) -> str:
        return hashlib.sha256((self._key + path).encode()).hexdigest()

    def _check(self, request: Request) -> None:
        if request.headers.get("Authorization"):
            self.leaked.append(f"{request.method} {request.path}")
        if request.query.get("signature") != [self._signature(request.path)]:
            raise RefusedError(403, "SignatureDoesNotMatch")

    def _receive(self, request: Request, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("wb") as stream:
            for chunk in request.body():
                stream.write(chunk)
                digest.update(chunk)
                with self._lock:
                    self.received += len(chunk)
        return digest.hexdigest()

    def _keep(self, partial: Path, sha256: str) -> None:
        with partial.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                partial.unlink()
                raise RefusedError(400, "the uploaded bytes are not those that were announced")
        partial.replace(self.path(sha256))

    def _put(self, request: Request, sha256: str) -> Response:
        self._check(request)
        partial = self.folder / f"{sha256}.{secrets.token_hex(4)}"
        self._receive(request, partial)
        self._keep(partial, sha256)
        return Response(headers={"ETag": f'"{sha256}"'})

    def _put_part(self, request: Request, sha256: str, number: str) -> Response:
        self._check(request)
        return Response(headers={"ETag": self._receive(request, self.folder / f"{sha256}.{number}")})

    def _get(self, request: Request, sha256: str) -> Response:
        self._check(request)
        if not self.has(sha256):
            return answer_json({"error": "NoSuchKey"}, 404)
        whole = self.path(sha256)
        start = request.headers.get("Range", "").removeprefix("bytes=").split("-")[0]
        headers = {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}
        if not start or start == "0":
            return Response(200, whole, headers)
        size = whole.stat().st_size
        content = whole.read_bytes()[int(start) :]
        return Response(206, content, {**headers, "Content-Range": f"bytes {start}-{size - 1}/{size}"})
