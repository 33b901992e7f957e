"""The scripts of pages, the engine that lays diagrams out in the browser, and the policy that allows them alone."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Collection
from functools import cache
from hashlib import sha256

from specnet.package import read_package_text
from specnet.page.markup import Html, element

ENGINE = "page/vendor/viz-global.js"

NETWORK = ("outline", "dot", "layout", "picture", "viewport", "rows", "search", "network")
"""The files of the component that shows a network, in the order in which they are joined."""

NOTHING = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy by which a page loads nothing, runs nothing and sends nothing."""


@cache
def read_network_script(start: str) -> str:
    """Return the script of the component, which the file `start` begins, such as `start` or `follow`."""
    files = [read_package_text(f"page/component/{name}.js") for name in (*NETWORK, start)]
    return '(() => {\n"use strict";\n' + "\n".join(files) + "})();\n"


def read_network_style() -> str:
    return read_package_text("page/component/network.css")


@cache
def embed_engine() -> Html:
    """Return Graphviz compiled to WebAssembly, compressed to a third, as data of a page."""
    packed = gzip.compress(read_package_text(ENGINE).encode(), mtime=0)
    return element("script", Html(b64encode(packed).decode()), type="text/plain", id="graphviz")


def make_policy(scripts: Collection[str], connects: bool = False) -> str:
    """Return the policy of a page that runs these scripts, and no other that may have got into it.

    They may start a thread and WebAssembly, and ask nobody, or the page's own server if it `connects`.
    """
    if not scripts:
        return NOTHING
    hashes = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts)
    asks = "; connect-src 'self'" if connects else ""
    return f"{NOTHING}; script-src {hashes} 'wasm-unsafe-eval'; worker-src blob:{asks}"
