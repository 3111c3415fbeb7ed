"""HTTP as the stand-in speaks it: reads a request whole, meets the planted faults, writes the answer."""

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .faults import Fault, Faults, Kind
from .repository import RefusedError

CHUNK = 1 << 20


@dataclass(frozen=True)
class Request:
    """A request, its body still to be read."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Callable[[], Iterator[bytes]]

    def content(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.body())

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.content())


@dataclass(frozen=True)
class Response:
    """An answer; a file's bytes come from disk."""

    status: int = 200
    content: bytes | Path = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


def answer_json(value: Any, status: int = 200, **headers: str) -> Response:
    """Return a JSON answer."""
    return Response(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


Route = tuple[str, str, Callable[..., Response]]


class Handler(BaseHTTPRequestHandler):
    """One connection. Subclasses set what it answers with."""

    protocol_version = "HTTP/1.1"
    routes: list[Route]
    faults: Faults
    asked: list[str]
    stopping: threading.Event

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _serve(self) -> None:
        request = f"{self.command} {self.path}"
        self.asked.append(request)
        fault = self.faults.meet(request)
        if fault is None:
            self._send(self._answer())
        else:
            self._fail(fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _fail(self, fault: Fault) -> None:
        if fault.kind is Kind.RACE:
            fault.race()
            self._send(self._answer())
            return
        if fault.kind not in {Kind.STATUS, Kind.RESET, Kind.SILENCE}:
            response = self._answer()
            if fault.kind in {Kind.TRUNCATED, Kind.CORRUPT}:
                self._spoil(response, fault.kind)
                return
        if fault.kind in {Kind.STATUS, Kind.LOST_STATUS}:
            self.close_connection = True
            self._send(Response(fault.status, fault.body, {"Connection": "close", **fault.headers}))
        elif fault.kind in {Kind.RESET, Kind.LOST}:
            self._reset()
        else:
            self.stopping.wait()
            self.close_connection = True

    def _spoil(self, response: Response, kind: Kind) -> None:
        content = bytearray(b"".join(response.chunks()))
        if kind is Kind.CORRUPT and content:
            content[len(content) // 2] ^= 1
        self._head(response)
        self.wfile.write(content if kind is Kind.CORRUPT else content[: len(content) // 2])
        if kind is Kind.TRUNCATED:
            self.wfile.flush()
            self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _answer(self) -> Response:
        parts = urlsplit(self.path)
        read = False

        def body() -> Iterator[bytes]:
            nonlocal read
            read = True
            yield from self._body()

        request = Request(self.command, unquote(parts.path), parse_qs(parts.query), self.headers, body)
        try:
            response = self._route(request)
        except RefusedError as refused:
            code = {"X-Error-Code": refused.code} if refused.code else {}
            response = answer_json({"error": str(refused)}, refused.status, **code)
        if not read:
            for _ in self._body():
                pass
        return response

    def _route(self, request: Request) -> Response:
        for method, pattern, serve in self.routes:
            # A slash in a revision arrives as %2F: patterns are matched before that is undone.
            match = re.fullmatch(pattern, urlsplit(self.path).path)
            if match and method in {self.command, "GET" if self.command == "HEAD" else ""}:
                return serve(request, *map(unquote, match.groups()))
        raise RefusedError(404, f"the stand-in does not know {self.command} {self.path}")

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            chunk = self.rfile.read(min(left, CHUNK))
            if not chunk:
                raise ConnectionError
            left -= len(chunk)
            yield chunk

    def _head(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in {"Content-Length": str(response.size), **response.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, response: Response) -> None:
        self._head(response)
        if self.command != "HEAD":
            for chunk in response.chunks():
                self.wfile.write(chunk)
