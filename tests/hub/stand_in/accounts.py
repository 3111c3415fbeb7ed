"""Routes about accounts and repositories as a whole."""

import yaml

from .repository import RefusedError, Repository
from .wire import Request, Response, Route, answer_json
from .world import USER, World

REPO = "([^/]+/[^/]+)"


class Accounts:
    """Who am I, make a repository, what is in it."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [
            ("GET", "/api/whoami-v2", self.whoami),
            ("POST", "/api/repos/create", self.create),
            ("POST", "/api/validate-yaml", self.validate_yaml),
            ("GET", f"{self.world.api}/{REPO}", self.info),
            ("GET", f"{self.world.api}/{REPO}/revision/([^/]+)", self.info),
        ]

    def whoami(self, request: Request) -> Response:
        role = self.world.role(request)
        if role is None:
            raise RefusedError(401, "Invalid username or password.")
        return answer_json({"type": "user", "name": USER, "orgs": [], "auth": {"accessToken": {"role": role}}})

    def create(self, request: Request) -> Response:
        asked = request.json()
        if self.world.role(request) != "write":
            raise RefusedError(403 if self.world.role(request) else 401, "You may not create a repository here")
        repo = f"{asked.get('organization') or USER}/{asked['name']}"
        answer = {"url": f"{self.world.origin}{self.world.web}/{repo}"}
        with self.world.lock:
            if repo in self.world.repositories:
                return answer_json({"error": "You already created this repo", **answer}, 409)
            self.world.repositories[repo] = Repository(repo, private=asked.get("visibility") == "private")
        return answer_json(answer)

    def validate_yaml(self, request: Request) -> Response:
        content = request.json()["content"]
        try:
            found = yaml.safe_load(content.split("---")[1]) if content.startswith("---") else {}
            errors = [] if isinstance(found.get("license"), str) else [{"message": '"license" must be a string'}]
        except yaml.YAMLError as error:
            errors = [{"message": str(error)}]
        return answer_json({"errors": errors, "warnings": []}, 400 if errors else 200)

    def info(self, request: Request, repo: str, revision: str = "main") -> Response:
        found = self.world.readable(request, repo)
        commit = found.at(revision)
        card = commit.files.get("README.md")
        data = yaml.safe_load((card.content or b"").decode().split("---")[1]) if card else {}
        return answer_json(
            {
                "id": repo,
                "sha": commit.id,
                "private": found.private,
                "gated": False,
                "disabled": False,
                "tags": [],
                "downloads": 0,
                "siblings": [{"rfilename": path} for path in sorted(commit.files)],
                "cardData": data,
            }
        )
