"""The engine that lays diagrams out in the browser, and the joined script of the component."""

from __future__ import annotations

import gzip
import subprocess
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from shutil import which

import pytest
from paths import ROOT

from specnet.page.scripts import NETWORK, NOTHING, embed_engine, make_policy, read_network_script

VENDOR = ROOT / "specnet/page/vendor"


def test_the_engine_is_the_one_that_its_licence_names() -> None:
    engine = (VENDOR / "viz-global.js").read_bytes()
    assert f"SHA-256: {sha256(engine).hexdigest()}" in (VENDOR / "LICENSE").read_text()
    packed = embed_engine().partition(">")[2].removesuffix("</script>")
    assert gzip.decompress(b64decode(packed)) == engine
    assert len(packed) < 700_000


def test_the_script_holds_every_file_once_and_no_end_of_itself() -> None:
    script = read_network_script("start")
    files = {path.stem for path in (ROOT / "specnet/page/component").glob("*.js")}
    assert files >= {*NETWORK, "start"}
    assert script.count('"use strict"') == 1
    assert "</script" not in script.lower()
    assert "<!--" not in script


def test_a_page_may_run_its_script_alone() -> None:
    assert make_policy([]) == NOTHING
    assert make_policy(["a"]).startswith(
        f"{NOTHING}; script-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=' "
    )
    assert "connect-src" not in make_policy(["a"])
    assert make_policy(["a"], connects=True).endswith("connect-src 'self'")


@pytest.mark.parametrize("start", ["start", "follow"])
def test_the_script_is_javascript(start: str, tmp_path: Path) -> None:
    node = which("node")
    if not node:
        pytest.skip("node is not installed")
    (tmp_path / "script.js").write_text(read_network_script(start))
    done = subprocess.run([node, "--check", tmp_path / "script.js"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
