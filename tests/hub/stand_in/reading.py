"""Routes that read a repository: trees, references, history, files."""

from urllib.parse import parse_qs, quote

from .accounts import REPO
from .repository import Blob, Commit, RefusedError
from .wire import Request, Response, Route, answer_json
from .world import World

DATE = "2026-01-02T03:04:05.000Z"


class Reading:
    """What a commit holds and where its bytes are."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [
            ("GET", f"{self.world.api}/{REPO}/tree/([^/]+)", self.tree),
            ("GET", f"{self.world.api}/{REPO}/tree/([^/]+)/(.+)", self.tree),
            ("POST", f"{self.world.api}/{REPO}/paths-info/([^/]+)", self.paths_info),
            ("GET", f"{self.world.api}/{REPO}/refs", self.refs),
            ("GET", f"{self.world.api}/{REPO}/commits/([^/]+)", self.commits),
            ("GET", f"{self.world.api}/{REPO}/discussions/([0-9]+)", self.discussion),
            ("GET", f"{self.world.web}/{REPO}/resolve/([^/]+)/(.+)", self.resolve),
            ("GET", f"/api/resolve-cache/{self.world.kind}s/{REPO}/([^/]+)/(.+)", self.cached),
        ]

    def tree(self, request: Request, repo: str, revision: str, folder: str = "") -> Response:
        commit = self.world.readable(request, repo).at(revision)
        prefix = f"{folder}/" if folder else ""
        inside = {path: blob for path, blob in sorted(commit.files.items()) if path.startswith(prefix)}
        entries = [blob.to_json(path) for path, blob in inside.items()]
        folders = sorted({path[: path.index("/", len(prefix))] for path in inside if "/" in path[len(prefix) :]})
        if request.query.get("recursive", ["false"])[0].lower() not in {"true", "1"}:
            entries = [entry for entry in entries if "/" not in str(entry["path"])[len(prefix) :]]
        entries = [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in folders] + entries
        start = int(request.query.get("cursor", ["0"])[0])
        stop = start + self.world.page
        headers = {}
        if stop < len(entries):
            query = "&".join(f"{name}={values[0]}" for name, values in request.query.items() if name != "cursor")
            place = f"{self.world.origin}{quote(request.path)}?{query}&cursor={stop}"
            headers["Link"] = f'<{place}>; rel="next"'
        return answer_json(entries[start:stop], **headers)

    def paths_info(self, request: Request, repo: str, revision: str) -> Response:
        paths = parse_qs(request.content().decode()).get("paths", [])
        files = self.world.readable(request, repo).at(revision).files
        folders = [path for path in paths if any(name.startswith(f"{path}/") for name in files)]
        found = [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in folders]
        return answer_json([*found, *(files[path].to_json(path) for path in paths if path in files)])

    def refs(self, request: Request, repo: str) -> Response:
        found = self.world.readable(request, repo)

        def references(prefix: str, named: dict[str, str]) -> list[dict[str, str]]:
            return [{"name": name, "ref": f"{prefix}{name}", "targetCommit": commit} for name, commit in named.items()]

        pulls = {f"refs/pr/{number}": commit for number, (commit, _) in found.pulls.items()}
        answer = {
            "branches": references("refs/heads/", found.branches),
            "tags": references("refs/tags/", found.tags),
            "converts": [],
        }
        if request.query.get("include_prs"):
            answer["pullRequests"] = references("", pulls)
        return answer_json(answer)

    def commits(self, request: Request, repo: str, revision: str) -> Response:
        history = self.world.readable(request, repo).history(revision)
        return answer_json([self._listed(commit) for commit in history], **{"X-Total-Count": str(len(history))})

    def _listed(self, commit: Commit) -> dict[str, object]:
        authors = [{"user": "someone"}]
        return {"id": commit.id, "title": commit.title, "message": commit.message, "authors": authors, "date": DATE}

    def discussion(self, request: Request, repo: str, number: str) -> Response:
        found = self.world.readable(request, repo)
        if int(number) not in found.pulls:
            raise RefusedError(404, "no such discussion", "RepoNotFound")
        commit, status = found.pulls[int(number)]
        return answer_json(
            {
                "num": int(number),
                "title": found.commits[commit].title,
                "status": status,
                "createdAt": DATE,
                "author": {"name": "someone"},
                "repo": {"name": repo, "type": self.world.kind},
                "isPullRequest": True,
                "changes": {"base": "refs/heads/main"},
                "filesWithConflicts": [],
                "events": [],
            }
        )

    def resolve(self, request: Request, repo: str, revision: str, path: str) -> Response:
        commit, blob = self._file(request, repo, revision, path)
        headers = {"X-Repo-Commit": commit.id}
        if blob.sha256 is None:
            place = f"/api/resolve-cache/{self.world.kind}s/{repo}/{commit.id}/{quote(path)}"
            headers |= {"X-Linked-Etag": f'"{blob.oid}"', "X-Linked-Size": str(blob.size)}
            return Response(307, b"", {**headers, "Location": place})
        headers |= {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": str(blob.size)}
        if blob.xet:
            token = f"{self.world.origin}{self.world.api}/{repo}/xet-read-token/{commit.id}"
            headers |= {"X-Xet-Hash": blob.xet, "Link": f'<{token}>; rel="xet-auth"'}
        return Response(302, b"", {**headers, "Location": self.world.storage.signed(f"/objects/{blob.sha256}")})

    def cached(self, request: Request, repo: str, revision: str, path: str) -> Response:
        commit, blob = self._file(request, repo, revision, path)
        return Response(200, blob.content or b"", {"ETag": f'"{blob.oid}"', "X-Repo-Commit": commit.id})

    def _file(self, request: Request, repo: str, revision: str, path: str) -> tuple[Commit, Blob]:
        commit = self.world.readable(request, repo).at(revision)
        if path not in commit.files:
            raise RefusedError(404, f"{path} does not exist", "EntryNotFound")
        return commit, commit.files[path]
