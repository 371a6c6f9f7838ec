"""Where a browser finds the page: on this machine, or through the Jupyter server that runs the kernel."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from sim.errors import ConfigError, shown

HOST = "127.0.0.1"  # nobody else can reach it
ANY_HOST = "*"
PORT = "{port}"  # where the number of the port belongs in an address that is given
HUB_PREFIX = "JUPYTERHUB_SERVICE_PREFIX"  # set by JupyterHub: the path of the user's server, "/user/NAME/"
SECRET_BYTES = 16
USUAL_PORTS = {"http": 80, "https": 443}  # browsers leave them out of the origin of a page
WAYS = (
    "True for the Jupyter server of this notebook, False for this machine alone, or the address of the "
    "Jupyter server as the browser has it: '/user/NAME/' or 'https://HOST/user/NAME/'"
)


@dataclass(frozen=True)
class PageAddress:
    """What a browser opens, and who may ask.

    seen: by the browser, whole, or a path on the host of the notebook
    path: of the page at its server, "/" or one that cannot be guessed
    origins: hosts whose pages may talk to it, as "HOST:PORT"; "*" for any
    """

    seen: str
    path: str
    origins: tuple[str, ...]

    @property
    def proxied(self) -> bool:
        """Whether it goes through a Jupyter server."""
        return self.path != "/"


def page_address(port: int, proxy: bool | str | None) -> PageAddress:
    """How the page at a port is reached.

    proxy: None for the Jupyter server where JupyterHub started it, else this machine; True, False or an
    address as in WAYS

    Through a Jupyter server the page has a path that cannot be guessed, and no other: a host that is not
    told cannot be checked, and other users of the machine can reach its ports. Raises ConfigError.
    """
    base = _base(proxy)
    if not base:
        return PageAddress(f"http://{HOST}:{port}/", "/", (f"{HOST}:{port}", f"localhost:{port}"))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    before = base.replace(PORT, str(port)) if PORT in base else f"{base.rstrip('/')}/proxy/{port}/"
    return PageAddress(
        f"{before.rstrip('/')}/{secret}", f"/{secret}", (_origin(base.replace(PORT, str(port))),)
    )


def _base(proxy: bool | str | None) -> str:
    """Address of the Jupyter server, "" for none."""
    hub = os.environ.get(HUB_PREFIX, "")
    if proxy is None:
        return hub
    if isinstance(proxy, str):
        return _checked(proxy.strip())
    return (hub or _of_this_kernel()) if proxy else ""


def _origin(base: str) -> str:
    """The host of an address as browsers tell it of a page, "HOST" or "HOST:PORT"; "*" of a mere path."""
    parts = urlsplit(base)
    usual = parts.port is None or parts.port == USUAL_PORTS[parts.scheme]
    return f"{parts.hostname or ANY_HOST}" + ("" if usual else f":{parts.port}")


def _checked(text: str) -> str:
    try:
        parts = urlsplit(text.replace(PORT, "1"))
        _ = parts.port  # one that is no number is found when it is asked for
    except ValueError as error:
        why = f"cannot be read as an address ({str(error).rstrip('.')})"
        raise ConfigError(f"proxy = {shown(text)} {why}; give {WAYS}.") from None
    if ":" in (parts.hostname or ""):  # Bokeh parts host and port at the first colon
        raise ConfigError(
            f"proxy = {shown(text)} has an IPv6 number for its host, which the server of the page cannot "
            "compare; give the name of the host, as https://HOST/user/NAME/, or only the path, /user/NAME/."
        )
    whole = parts.scheme in USUAL_PORTS and bool(parts.hostname)
    path = not parts.scheme and not parts.netloc and text.startswith("/")
    plain = not (parts.query or parts.fragment) and not any(c.isspace() or c in "\"'<>\\" for c in text)
    if not (plain and (whole or path)):
        raise ConfigError(f"proxy = {shown(text)} is no address of a Jupyter server; give {WAYS}.")
    return text


def _of_this_kernel() -> str:
    """The base of the addresses of the Jupyter server that started this process, as it noted it."""
    try:
        from jupyter_core.paths import jupyter_runtime_dir

        folder = jupyter_runtime_dir()
    except ImportError:
        folder = ""
    for process in (os.environ.get("JPY_PARENT_PID", ""), str(os.getppid())):
        path = os.path.join(folder, f"jpserver-{process}.json")
        if folder and process.isdecimal() and os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return str(json.load(file).get("base_url") or "/")
    raise ConfigError(
        "proxy = True: no Jupyter server was found that started this kernel; give the address of one as the "
        "browser has it: proxy='/user/NAME/' or proxy='https://HOST/user/NAME/'."
    )
