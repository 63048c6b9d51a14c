"""A server in the place of the Hugging Face hub, with what huggingface_hub asks for to push and pull a model."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = ".safetensors"
"""What is uploaded as a large file."""
TOKEN = "hf_standin"  # nobody's


@dataclass
class Repo:
    """A repository: the files of each commit, and the commit of each branch."""

    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str, files: dict[str, bytes]) -> str:
        content = json.dumps({path: sha256(data).hexdigest() for path, data in files.items()}, sort_keys=True)
        name = sha1(f"{len(self.commits)} {content}".encode()).hexdigest()  # as git's
        self.commits[name] = files
        self.branches[branch] = name
        return name

    def files(self, revision: str) -> dict[str, bytes]:
        return self.commits[self.branches.get(revision, revision)]


class Hub:
    """The hub's repositories.

    Attributes:
        repos: By name, "user/repo".
        large: The large files that were uploaded, by their SHA-256.
        requests: Each request as "METHOD path".
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.url = ""

    def files(self, repo: str, revision: str = "main") -> dict[str, bytes]:
        """The files of a repository."""
        return self.repos[repo].files(revision)


class Answer(Exception):  # no error
    """An answer that is no 200."""

    def __init__(self, code: int, error: str = "", message: str = "", **content: str) -> None:
        self.code, self.headers = code, {"X-Error-Code": error, "X-Error-Message": message or error}
        self.content = json.dumps(content).encode()


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def handle_any(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append(f"{self.command} {path}")
        try:
            for method, pattern, answer in ROUTES:
                if method == self.command.replace("HEAD", "GET") and (match := re.fullmatch(pattern, path)):
                    code, headers, content = 200, *answer(self, body, *match.groups())
                    break
            else:
                raise Answer(404, "EntryNotFound", f"no route {self.command} {path}")
        except Answer as other:
            code, headers, content = other.code, other.headers, other.content
        self.send_response(code)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815  # their names

    def repo(self, name: str, write: bool = False) -> Repo:
        may = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and not may):
            raise Answer(404 if may else 401, "RepoNotFound", "Repository not found")
        if write and not may:
            raise Answer(403, message="the token may not write")
        return repo


Reply = tuple[dict[str, str], bytes]


def as_json(content: object) -> Reply:
    return {"Content-Type": "application/json"}, json.dumps(content).encode()


def create(at: Handler, body: bytes) -> Reply:
    asked = json.loads(body)
    if at.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise Answer(401, message="Invalid username or password.")
    name = f"{asked['organization']}/{asked['name']}"
    if name in at.hub.repos:
        raise Answer(409, message="You already created this model repo", url=f"{at.hub.url}/{name}")
    private = asked.get("private", False) or asked.get("visibility") == "private"
    at.hub.repos[name] = Repo(private)
    at.hub.repos[name].commit("main", {})
    return as_json({"url": f"{at.hub.url}/{name}", "name": name})


def info(at: Handler, body: bytes, name: str, revision: str | None = None) -> Reply:
    repo = at.repo(name)
    revision = revision or "main"
    sha = repo.branches.get(revision, revision)
    if sha not in repo.commits:
        raise Answer(404, "RevisionNotFound", "Invalid rev id")
    files = [{"rfilename": path} for path in repo.commits[sha]]
    return as_json({"id": name, "modelId": name, "sha": sha, "private": repo.private, "siblings": files, "tags": []})


def tree(at: Handler, body: bytes, name: str, revision: str, folder: str = "") -> Reply:
    entries = []
    for path, data in at.repo(name).files(revision).items():
        oid = sha256(data).hexdigest()
        entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": oid[:40]}
        if path.endswith(LARGE):
            entry["lfs"] = {"oid": oid, "size": len(data), "pointerSize": 100}
        entries.append(entry)
    return as_json(entries)


def branch(at: Handler, body: bytes, name: str, new: str) -> Reply:
    repo = at.repo(name, write=True)
    if new in repo.branches:
        raise Answer(409, message="Reference already exists")
    repo.branches[new] = repo.branches["main"]
    return as_json({})


def preupload(at: Handler, body: bytes, name: str, revision: str) -> Reply:
    files = json.loads(body)["files"]
    modes = [
        {"path": file["path"], "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular"} for file in files
    ]
    return as_json({"files": [{**mode, "shouldIgnore": False, "oid": None} for mode in modes]})


def batch(at: Handler, body: bytes, name: str) -> Reply:
    at.repo(name, write=True)
    objects = [
        {**entry, "actions": {"upload": {"href": f"{at.hub.url}/upload/{entry['oid']}"}}}
        for entry in json.loads(body)["objects"]
    ]
    return as_json({"transfer": "basic", "objects": objects})


def upload(at: Handler, body: bytes, oid: str) -> Reply:
    if sha256(body).hexdigest() != oid:
        raise Answer(400, message="another content")
    at.hub.large[oid] = body
    return as_json({})


def commit(at: Handler, body: bytes, name: str, revision: str) -> Reply:
    repo = at.repo(name, write=True)
    if revision not in repo.branches:
        raise Answer(404, "RevisionNotFound", "Invalid rev id")
    files = dict(repo.files(revision))
    for line in map(json.loads, body.splitlines()):
        kind, value = line["key"], line["value"]
        if kind == "file":
            files[value["path"]] = b64decode(value["content"])
        elif kind == "lfsFile":
            files[value["path"]] = at.hub.large[value["oid"]]
        elif kind == "deletedFile":
            del files[value["path"]]
    oid = repo.commit(revision, files)
    return as_json({"commitUrl": f"{at.hub.url}/{name}/commit/{oid}", "commitOid": oid, "hookOutput": ""})


def resolve(at: Handler, body: bytes, name: str, revision: str, path: str) -> Reply:
    repo = at.repo(name)
    files = repo.files(revision)
    if path not in files:
        raise Answer(404, "EntryNotFound", "Entry not found")
    data = files[path]
    oid = sha256(data).hexdigest()
    headers = {"ETag": f'"{oid[:40]}"', "X-Repo-Commit": repo.branches.get(revision, revision)}
    if path.endswith(LARGE):
        headers |= {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(data))}
    return headers, data


NAME = r"([\w.-]+/[\w.-]+)"
ROUTES: list[tuple[str, str, Any]] = [
    ("POST", "/api/repos/create", create),
    ("POST", "/api/validate-yaml", lambda at, body: as_json({"errors": [], "warnings": []})),
    ("GET", f"/api/models/{NAME}", info),
    ("GET", f"/api/models/{NAME}/revision/(.+)", info),
    ("GET", f"/api/models/{NAME}/tree/([^/]+)/?(.*)", tree),
    ("POST", f"/api/models/{NAME}/branch/(.+)", branch),
    ("POST", f"/api/models/{NAME}/preupload/(.+)", preupload),
    ("POST", f"/{NAME}.git/info/lfs/objects/batch", batch),
    ("PUT", "/upload/(.+)", upload),
    ("POST", f"/api/models/{NAME}/commit/(.+)", commit),
    ("GET", f"/{NAME}/resolve/([^/]+)/(.+)", resolve),
]


@contextmanager
def stand_in_hub() -> Iterator[Hub]:
    """A hub on this machine, for as long as the context lasts."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HandlerOfHub", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
