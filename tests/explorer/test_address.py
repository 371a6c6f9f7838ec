"""Where the page is reached: on this machine, or through a Jupyter server by a path that nobody can guess."""

import http.client
import json
import os
import re
from urllib.parse import urlsplit

import pytest

import sim
from sim.errors import ConfigError
from sim.explorer.address import HUB_PREFIX, page_address
from sim.explorer.frame import PageFrame


@pytest.fixture(autouse=True)
def no_hub(monkeypatch):
    monkeypatch.delenv(HUB_PREFIX, raising=False)


def test_without_a_hub_the_page_is_at_this_machine_alone():
    at = page_address(8123, None)
    assert at.seen == "http://127.0.0.1:8123/" and at.path == "/" and not at.proxied
    assert set(at.origins) == {"127.0.0.1:8123", "localhost:8123"}


def test_under_a_hub_it_goes_through_the_server_of_the_user_unless_refused(monkeypatch):
    monkeypatch.setenv(HUB_PREFIX, "/user/ann/")
    first, second = page_address(8123, None), page_address(8123, True)
    for at in (first, second):
        before, _, secret = at.seen.rpartition("/")
        assert before == "/user/ann/proxy/8123" and at.path == f"/{secret}" and len(secret) >= 20
        assert at.origins == ("*",)  # no host is known here
    assert first.path != second.path
    assert page_address(8123, False).seen == "http://127.0.0.1:8123/"


@pytest.mark.parametrize(("given", "before", "origin"), [
    ("/user/ann", "/user/ann/proxy/8123/", "*"),
    ("/", "/proxy/8123/", "*"),
    ("https://Hub.example.org/user/ann/", "https://Hub.example.org/user/ann/proxy/8123/", "hub.example.org"),
    ("https://hub.example.org:8443/", "https://hub.example.org:8443/proxy/8123/", "hub.example.org:8443"),
    ("https://hub.example.org:443/", "https://hub.example.org:443/proxy/8123/", "hub.example.org"),
    ("http://hub.example.org:80/", "http://hub.example.org:80/proxy/8123/", "hub.example.org"),
    ("https://hub.example.org:80/", "https://hub.example.org:80/proxy/8123/", "hub.example.org:80"),
    ("https://ann@hub.example.org/", "https://ann@hub.example.org/proxy/8123/", "hub.example.org"),
    ("https://{port}.example.org/x/", "https://8123.example.org/x/", "8123.example.org"),
])  # fmt: skip
def test_an_address_that_is_given_is_taken_and_its_host_alone_may_ask(given, before, origin):
    at = page_address(8123, given)
    assert at.seen == before + at.path[1:] and at.origins == (origin,)


REFUSED = [
    "",
    "user/ann",
    "ftp://example.org/",
    "javascript:alert(1)",
    "//example.org/",
    "/a b/",
    '/"><b>',
    "https://",
]


@pytest.mark.parametrize("given", REFUSED)
def test_what_is_no_address_is_refused_in_a_sentence(given):
    with pytest.raises(ConfigError, match="is no address of a Jupyter server; give True"):
        page_address(8123, given)


@pytest.mark.parametrize(("given", "words"), [
    ("http://[::1]:8888/", "IPv6 number for its host"),
    ("https://[2001:db8::1]/", "IPv6 number for its host"),
    ("https://hub.org:abc/", "cannot be read as an address"),
    ("https://hub.org:99999/", "cannot be read as an address"),
    ("http://[x/", "cannot be read as an address"),
])  # fmt: skip
def test_what_cannot_be_read_or_compared_is_refused_in_a_sentence(given, words):
    with pytest.raises(ConfigError, match=words) as error:
        page_address(8123, given)
    assert given in str(error.value) and "/user/NAME/" in str(error.value)


@pytest.mark.parametrize("given", ["https://hub.org:443/", "http://hub.org:80/", "https://hub.org:8443/"])
def test_a_browser_at_the_address_that_was_given_may_ask(given):
    """By what Bokeh compares; browsers leave the usual port out (RFC 6454, section 6.2)."""
    util = pytest.importorskip("bokeh.server.util", reason="the explorer needs Panel (the extra app)")
    told = {":443/": "hub.org", ":80/": "hub.org", ":8443/": "hub.org:8443"}
    seen = next(host for port, host in told.items() if given.endswith(port))
    allowed = util.create_hosts_allowlist(list(page_address(8123, given).origins), 8123)
    assert util.check_allowlist(seen, allowed) and not util.check_allowlist("elsewhere.org", allowed)


def test_true_finds_the_server_that_started_this_process(monkeypatch, tmp_path):
    pytest.importorskip("jupyter_core", reason="servers note themselves in a folder of jupyter_core")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    with pytest.raises(ConfigError, match="no Jupyter server was found"):
        page_address(8123, True)
    (tmp_path / f"jpserver-{os.getppid()}.json").write_text(json.dumps({"base_url": "/lab7/"}))
    assert page_address(8123, True).seen.startswith("/lab7/proxy/8123/")
    (tmp_path / "jpserver-77.json").write_text(json.dumps({"base_url": "/other/"}))
    monkeypatch.setenv("JPY_PARENT_PID", "77")
    assert page_address(8123, True).seen.startswith("/other/proxy/8123/")


def test_a_frame_has_a_name_and_escapes_its_address():
    shown = PageFrame('/x"><script>', 700)._repr_html_()
    assert 'title="hapsim explorer"' in shown and "<script>" not in shown and "404" not in shown
    assert "jupyter-server-proxy" in PageFrame("/x", 700, proxied=True)._repr_html_()


def answered(port, path, **headers):
    """Status of a request to the server, and what came."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    link.request("GET", path, headers=headers)
    answer = link.getresponse()
    said = (answer.status, b"" if answer.status == 101 else answer.read())
    link.close()
    return said


def websocket(port, path, origin):
    upgrade = {
        "Upgrade": "websocket", "Connection": "Upgrade", "Origin": origin, "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "bokeh, none",
    }  # fmt: skip
    return answered(port, f"{path}/ws", **upgrade)[0]


def test_a_server_behind_a_proxy_answers_at_its_secret_path_alone_and_its_host_alone():
    pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")
    from bokeh.util.token import get_token_payload

    frame = sim.explore(proxy="https://hub.example.org/user/ann/")
    parts = urlsplit(frame.address).path.split("/")
    port, secret = int(parts[4]), parts[5]
    assert answered(port, "/")[0] == 404
    status, page = answered(port, f"/{secret}", Cookie="hub-token=very-secret-cookie")
    assert status == 200 and b"hapsim explorer" in page
    kept = get_token_payload(re.search(rb'"token":"([^"]+)"', page)[1].decode())
    assert kept["headers"] == kept["cookies"] == {}
    assert websocket(port, f"/{secret}", "https://elsewhere.example.org") == 403
    assert websocket(port, "", "https://hub.example.org") == 404
    assert websocket(port, f"/{secret}", "https://hub.example.org") == 101


def test_a_server_that_any_host_may_ask_says_nothing_of_it(caplog):
    pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")
    sim.explore(proxy="/user/ann/")
    said = [r.getMessage() for r in caplog.records if r.name.startswith("bokeh")]  # tornado's are of requests
    assert [text for text in said if "origin" in text.lower() or "wildcard" in text.lower()] == []
