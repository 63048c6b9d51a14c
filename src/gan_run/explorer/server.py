"""Serves a page on this machine alone, and saves the names that its user gives codes."""

import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from gan_run.core.base.errors import GanRunError

HOST = "127.0.0.1"
LARGEST_REQUEST = 10_000
"""Bytes."""


class Renaming(BaseModel):
    """A name for a code, or for one of its categories."""

    model_config = ConfigDict(extra="forbid")

    code: str
    category: int | None
    name: str


class PageServer(ThreadingHTTPServer):
    """A server of one page. Its address holds a random token, without which nothing is answered; requests that were
    addressed to another host, as by a page of a stranger whose name leads here, are refused.

    Args:
        page: The page, in HTML.
        rename: Saves a name, and returns the code's names; a GanRunError is shown to the user.
        port: 0 for a free one.
    """

    daemon_threads = True

    def __init__(self, page: str, rename: Callable[[Renaming], dict[str, JsonValue]], port: int = 0) -> None:
        self.page = page.encode()
        self.rename = rename
        self.token = secrets.token_urlsafe(16)
        self.renaming = Lock()
        super().__init__((HOST, port), _Handler)

    @property
    def hosts(self) -> tuple[str, ...]:
        """What the header Host may say."""
        return tuple(f"{name}:{self.server_port}" for name in (HOST, "localhost"))

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer

    def do_GET(self) -> None:
        if not self._is_allowed(f"/{self.server.token}/"):
            return
        self._answer(HTTPStatus.OK, self.server.page, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        if not self._is_allowed(f"/{self.server.token}/names"):
            return
        if self.headers.get("Origin") not in {f"http://{host}" for host in self.server.hosts}:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_REQUEST:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        try:
            renaming = Renaming.model_validate_json(self.rfile.read(int(length)))
            with self.server.renaming:
                content = self.server.rename(renaming)
        except ValidationError:
            self._answer_json(HTTPStatus.BAD_REQUEST, {"error": "the request has no code, category and name"})
        except GanRunError as error:
            self._answer_json(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        else:
            self._answer_json(HTTPStatus.OK, content)

    def _is_allowed(self, path: str) -> bool:
        if self.headers.get("Host") not in self.server.hosts:
            self.send_error(HTTPStatus.FORBIDDEN)
            return False
        if not secrets.compare_digest(self.path.encode(), path.encode()):
            self.send_error(HTTPStatus.NOT_FOUND)
            return False
        return True

    def _answer_json(self, status: HTTPStatus, content: dict[str, JsonValue]) -> None:
        self._answer(status, json.dumps(content).encode(), "application/json")

    def _answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the terminal shows the address alone."""
