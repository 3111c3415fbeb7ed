"""Routes that write: where files are to go, large files, commits, tags."""

import base64
import json

from .accounts import REPO
from .repository import Blob, RefusedError, large, regular
from .storage import PART
from .wire import Request, Response, Route, answer_json
from .world import World
from .xet import hash_of, token

LARGE = (".parquet", ".bin", ".safetensors")
LARGEST_REGULAR = 10 << 20


class Writing:
    """From the first question of an upload to the commit and its tag."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [
            ("POST", f"{self.world.api}/{REPO}/preupload/([^/]+)", self.preupload),
            ("POST", rf"{self.world.web}/{REPO}\.git/info/lfs/objects/batch", self.batch),
            ("POST", f"{self.world.api}/{REPO}/joined/([0-9a-f]+)/([0-9]+)", self.joined),
            ("POST", f"{self.world.api}/{REPO}/verify", self.verify),
            ("GET", f"{self.world.api}/{REPO}/xet-(write|read)-token/([^/]+)", self.xet_token),
            ("GET", f"{self.world.api}/{REPO}/xet-(write|read)-token", self.xet_token),
            ("POST", f"{self.world.api}/{REPO}/commit/([^/]+)", self.commit),
            ("POST", f"{self.world.api}/{REPO}/tag/([^/]+)", self.tag),
        ]

    def preupload(self, request: Request, repo: str, revision: str) -> Response:
        found = self.world.writable(request, repo)
        held = found.at(revision).files
        asked = request.json()["files"]
        if len(asked) > 256:
            raise RefusedError(413, "too many files")
        return answer_json({"files": [self._mode(file, held, ignored=found.ignores(file["path"])) for file in asked]})

    def _mode(self, file: dict[str, object], held: "dict[str, Blob] | object", *, ignored: bool) -> dict[str, object]:
        path = str(file["path"])
        to_lfs = path.endswith(LARGE) or int(str(file["size"])) > LARGEST_REGULAR
        blob = held.get(path) if isinstance(held, dict) else None
        oid = {"oid": blob.sha256 or blob.oid} if blob else {}
        return {"path": path, "uploadMode": "lfs" if to_lfs else "regular", "shouldIgnore": ignored, **oid}

    def batch(self, request: Request, repo: str) -> Response:
        self.world.writable(request, repo)
        return answer_json({"transfer": "basic", "objects": [self._action(repo, o) for o in request.json()["objects"]]})

    def _action(self, repo: str, asked: dict[str, object]) -> dict[str, object]:
        oid, size = str(asked["oid"]), int(str(asked["size"]))
        if self.world.storage.has(oid):
            return {"oid": oid, "size": size}
        verify = {"href": f"{self.world.origin}{self.world.api}/{repo}/verify"}
        if size <= PART:
            upload: dict[str, object] = {"href": self.world.storage.signed(f"/objects/{oid}"), "header": {}}
            return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}
        count = -(-size // PART)
        parts = {f"{number:05d}": self.world.storage.signed(f"/parts/{oid}/{number}") for number in range(1, count + 1)}
        joined = f"{self.world.origin}{self.world.api}/{repo}/joined/{oid}/{count}"
        upload = {"href": joined, "header": {"chunk_size": str(PART), **parts}}
        return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}

    def joined(self, request: Request, repo: str, oid: str, parts: str) -> Response:  # its address is signed: no token
        if len(request.json()["parts"]) != int(parts):
            raise RefusedError(400, "parts are missing")
        self.world.storage.join(oid, int(parts))
        return answer_json({})

    def verify(self, request: Request, repo: str) -> Response:
        self.world.writable(request, repo)
        asked = request.json()
        path = self.world.storage.path(asked["oid"])
        if not path.is_file() or path.stat().st_size != asked["size"]:
            raise RefusedError(404, "the object was not uploaded")
        return answer_json({})

    def xet_token(self, request: Request, repo: str, purpose: str, revision: str = "main") -> Response:
        (self.world.writable if purpose == "write" else self.world.readable)(request, repo)
        if self.world.xet is None:
            raise RefusedError(404, "this Hub has no Xet storage")
        return token(self.world.xet)

    def commit(self, request: Request, repo: str, revision: str) -> Response:
        pull = request.query.get("create_pr") == ["1"]
        found = self.world.readable(request, repo) if pull else self.world.writable(request, repo)
        if revision != "main":
            raise RefusedError(404, f"the stand-in commits to main only, not to {revision}", "RevisionNotFound")
        lines = [json.loads(line) for line in request.content().splitlines()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        add = {
            line["value"]["path"]: self._blob(line["key"], line["value"])
            for line in lines
            if line["key"] in {"file", "lfsFile"}
        }
        delete = [line["value"]["path"] for line in lines if line["key"] == "deletedFile"]
        with self.world.lock:
            made, number = found.commit(header, add, delete, pull=pull)
        place = f"{self.world.origin}{self.world.web}/{repo}"
        return answer_json(
            {
                "success": True,
                "commitOid": made.id,
                "commitUrl": f"{place}/commit/{made.id}",
                "pullRequestUrl": f"{place}/discussions/{number}" if number else None,
            }
        )

    def _blob(self, key: str, value: dict[str, object]) -> Blob:
        if key == "file":
            return regular(base64.b64decode(str(value["content"])))
        oid, size = str(value["oid"]), int(str(value["size"]))
        if self.world.storage.has(oid):
            if self.world.storage.path(oid).stat().st_size != size:
                raise RefusedError(400, f"{value['path']} is announced with another size than was uploaded")
            return large(oid, size)
        xet = hash_of(self.world, oid, size)
        if xet is None:
            raise RefusedError(400, f"LFS pointer of {value['path']} points to a file that does not exist")
        return large(oid, size, xet)

    def tag(self, request: Request, repo: str, revision: str) -> Response:
        found = self.world.writable(request, repo)
        name = request.json()["tag"]
        with self.world.lock:
            if name in found.tags:
                raise RefusedError(409, f"Tag reference exists already: refs/tags/{name}")
            found.tags[name] = found.at(revision).id
        return answer_json({})
