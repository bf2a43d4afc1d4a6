"""What every peer test needs: our side of the conversation, and the project's pages."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def peerport():
    """Path of the built `peerport`. Its absence is a failure, never a skip."""
    path = os.environ.get("PEERPORT")
    assert path, "set PEERPORT to the built peerport"
    assert os.access(path, os.X_OK), f"PEERPORT={path} is no program"
    return path


@pytest.fixture(scope="session")
def firmware():
    """Path of the built program."""
    path = os.environ.get("FIRMWARE")
    assert path and os.access(path, os.X_OK), "set FIRMWARE to the built firmware"
    return path


@pytest.fixture(scope="session")
def ask(peerport):
    """Asks one peer of `peerport` a list of JSON requests; returns its answers."""

    def asking(peer, requests):
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        done = subprocess.run(
            [peerport, peer], input=lines, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(requests), done.stderr
        return answers

    return asking


@pytest.fixture(scope="session")
def blocks():
    """Every fenced block of the protocol's pages that has a name: ```hex NAME or ```cddl."""
    found = {}
    for page in sorted((ROOT / "docs").glob("PROTOCOL*.md")):
        for kind, name, body in re.findall(
            r"^```(\w+)(?: ([\w-]+))?\n(.*?)^```", page.read_text(), re.S | re.M
        ):
            key = name or kind
            found[key] = found.get(key, "") + body
    return found


@pytest.fixture
def till(tmp_path):
    """A kiosk at the end of a cable that a program can open."""
    from cable import Till

    till = Till(tmp_path)
    yield till
    till.close()
