"""How to install Graphviz on the system at hand."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping

COMMANDS = {
    "debian": "sudo apt install graphviz",
    "ubuntu": "sudo apt install graphviz",
    "fedora": "sudo dnf install graphviz",
    "rhel": "sudo dnf install graphviz",
    "arch": "sudo pacman -S graphviz",
    "suse": "sudo zypper install graphviz",
    "alpine": "sudo apk add graphviz",
}
"""The command by the ID or ID_LIKE of /etc/os-release."""


def name_install_command() -> str:
    """Return the command that installs Graphviz here; a page on the web where the system is unknown."""
    return choose_command(sys.platform, os.environ, _read_os_release())


def choose_command(system: str, environment: Mapping[str, str], release: Mapping[str, str]) -> str:
    """Return the command for a system, its environment variables and what it says of itself."""
    if environment.get("CONDA_PREFIX"):
        return "conda install -c conda-forge graphviz"
    if system == "darwin":
        return "brew install graphviz"
    if system == "win32":
        return "winget install Graphviz.Graphviz (or choco install graphviz)"
    words = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    known = (COMMANDS[word.partition("-")[0]] for word in words if word.partition("-")[0] in COMMANDS)
    return next(known, "see https://graphviz.org/download")


def _read_os_release() -> Mapping[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}
