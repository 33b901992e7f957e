"""The command that installs Graphviz, by the system at hand."""

from __future__ import annotations

import pytest

from specnet.backends.graphviz_package import choose_command


@pytest.mark.parametrize(
    "system, environment, release, command",
    [
        ("linux", {}, {"ID": "debian"}, "sudo apt install graphviz"),
        ("linux", {}, {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "sudo apt install graphviz"),
        ("linux", {}, {"ID": "fedora"}, "sudo dnf install graphviz"),
        ("linux", {}, {"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "sudo dnf install graphviz"),
        ("linux", {}, {"ID": "manjaro", "ID_LIKE": "arch"}, "sudo pacman -S graphviz"),
        ("linux", {}, {"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse"}, "sudo zypper install graphviz"),
        ("linux", {}, {"ID": "alpine"}, "sudo apk add graphviz"),
        ("linux", {}, {}, "see https://graphviz.org/download"),
        ("linux", {"CONDA_PREFIX": "/opt/conda"}, {"ID": "debian"}, "conda install -c conda-forge graphviz"),
        ("darwin", {}, {}, "brew install graphviz"),
        ("win32", {}, {}, "winget install Graphviz.Graphviz (or choco install graphviz)"),
    ],
)
def test_the_command_is_that_of_the_system(
    system: str, environment: dict[str, str], release: dict[str, str], command: str
) -> None:
    assert choose_command(system, environment, release) == command
