"""The served page: who is answered, and names that are saved."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from browser import open_page
from explorer_page import wait
from gan_run import GanRunError
from gan_run.explorer.server import PageServer
from gan_run.explorer.serving import server_of
from gan_run.loading import load_run
from gan_run.registry.plugins import Registry

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_port_that_is_in_use_is_an_error(server: PageServer, coded_run: Path, with_knob: Registry) -> None:
    with pytest.raises(GanRunError, match="--port 0 takes a free one"):
        server_of(load_run(coded_run, with_knob, device="cpu"), None, server.server_port)


@pytest.fixture
def server(coded_run: Path, with_knob: Registry) -> Iterator[PageServer]:
    labels = coded_run / "labels.json"
    labels.unlink(missing_ok=True)
    with server_of(load_run(coded_run, with_knob, device="cpu"), None, 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
    labels.unlink(missing_ok=True)


def request(
    server: PageServer, method: str, path: str, content: object = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """The answer to a request: its status, headers and text."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    body = None if content is None else json.dumps(content)
    connection.request(method, path, body, {"Host": f"127.0.0.1:{server.server_port}", **headers})
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read().decode()
    connection.close()
    return found


def test_the_page_is_behind_a_token_and_for_this_machine_alone(server: PageServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    path = f"/{server.token}/"
    status, headers, text = request(server, "GET", path)
    assert (status, headers["Cache-Control"], headers["Referrer-Policy"]) == (200, "no-store", "no-referrer")
    assert "<title>coded</title>" in text
    assert request(server, "GET", "/")[0] == 404
    assert request(server, "GET", f"/{'x' * len(server.token)}/")[0] == 404
    assert request(server, "GET", path, Host="evil.example")[0] == 403
    assert request(server, "GET", path, Host=f"evil.example:{server.server_port}")[0] == 403


def test_a_strangers_page_cannot_name_codes(server: PageServer, coded_run: Path) -> None:
    names, wanted = f"/{server.token}/names", {"code": "c[0]", "category": None, "name": "width"}
    own = f"http://127.0.0.1:{server.server_port}"
    assert request(server, "POST", names, wanted)[0] == 403
    assert request(server, "POST", names, wanted, Origin="http://evil.example")[0] == 403
    assert request(server, "POST", "/names", wanted, Origin=own)[0] == 404
    assert request(server, "POST", names, {**wanted, "name": "x" * 20_000}, Origin=own)[0] == 413
    assert request(server, "POST", names, {"code": "c[0]"}, Origin=own)[0] == 400
    assert not (coded_run / "labels.json").exists()
    status, _, text = request(server, "POST", names, wanted, Origin=own)
    assert (status, json.loads(text)["title"]) == (200, "c[0] (width)")
    status, _, text = request(server, "POST", names, {**wanted, "code": "d"}, Origin=own)
    assert (status, json.loads(text)["error"]) == (
        400,
        "no latent is called 'd' (there is: c, category, on, phase, turn, width, z)",
    )


def test_codes_are_renamed_in_place(browser: "Browser", server: PageServer, coded_run: Path) -> None:
    with open_page(browser, server.url) as watched:
        wait(watched)
        article = watched.page.locator("article").first
        article.locator("label", has_text="1").click()
        article.locator(".rename").click()
        watched.page.fill("[name=name_of_code]", "digit")
        watched.page.fill("[name=name_of_value]", "seven")
        watched.page.click("dialog button[value=save]")
        article.locator("label", has_text="seven").wait_for()
        article.locator("h3", has_text="category (digit)").wait_for()
        assert json.loads((coded_run / "labels.json").read_text())["codes"]["category"] == {
            "name": "digit",
            "values": {"1": "seven"},
            "step": 30,
        }
        second = watched.page.locator("article").nth(1)
        second.locator(".rename").click()
        watched.page.fill("[name=name_of_code]", "digit")
        watched.page.click("dialog button[value=save]")
        watched.page.wait_for_selector("#status:has-text('is the name of another code')")
        assert watched.faults() == []
        assert watched.requests_beside(server.url, f"{server.url}names") == []
