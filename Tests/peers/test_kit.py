"""The register kit's examples, in C and in Python, pay at the real program; its header is C99 and C++."""

import os
import pathlib
import pty
import select
import subprocess
import sys
import termios
import threading
import time
import tty

import pytest

from kiosk import CARD, Kiosk, public

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]


@pytest.fixture(scope="module")
def kit():
    """The folder that `boards/toolchain/kit` filled."""
    path = os.environ.get("KIT")
    assert path and os.path.isdir(path), "set KIT to the built register kit"
    return pathlib.Path(path).resolve()


def flags(kit, *what):
    environment = dict(os.environ, PKG_CONFIG_PATH=str(kit / "lib/pkgconfig"))
    said = subprocess.run(["pkg-config", *what, "tillregister"], env=environment, check=True,
                          capture_output=True, text=True)
    return said.stdout.split()


@pytest.fixture(scope="module")
def examples(kit, tmp_path_factory):
    """The commands of the example: in C with the shared and the static library, in Python."""
    folder = tmp_path_factory.mktemp("examples")
    source = str(ROOT / "examples/pay.c")
    shared, static = folder / "pay-shared", folder / "pay-static"
    cc = ["gcc", "-std=c99", *STRICT, *flags(kit, "--cflags"), source]
    subprocess.run([*cc, *flags(kit, "--libs"), f"-Wl,-rpath,{kit}/lib", "-o", shared], check=True)
    archive = [word.replace("-ltillregister", "-l:libtillregister.a")
               for word in flags(kit, "--libs", "--static")]
    subprocess.run([*cc, *archive, "-o", static], check=True)
    os.environ["TILLREGISTER"] = str(kit / "lib/libtillregister.so")
    return {"c": [str(shared)], "c-static": [str(static)],
            "python": [sys.executable, str(ROOT / "examples/pay.py")]}


class Till:
    """A kiosk, and at the other end of its line a terminal that a program can open by its name."""

    def __init__(self, folder, chunk=4096):
        secret = os.urandom(32)
        self.kiosk = Kiosk(os.environ["FIRMWARE"], secret)
        self.keys, self.records = folder / "keys", folder / "records"
        self.keys.write_text(
            f"# test\nregister-secret = {secret.hex()}\n"
            f"controller-public = {self.kiosk.controller.hex()}\n"
            f"record-key = {self.kiosk.record_key.hex()}\n")
        self.near, self.far = pty.openpty()
        tty.setraw(self.far, termios.TCSANOW)
        self.line, self.chunk, self.is_open = os.ttyname(self.far), chunk, True
        self.cable = threading.Thread(target=self.carry)
        self.cable.start()

    def carry(self):
        ways = {self.near: self.kiosk.line, self.kiosk.line: self.near}
        while self.is_open:
            for end in select.select(list(ways), [], [], 0.05)[0]:
                os.write(ways[end], os.read(end, self.chunk))

    def start(self, command, *words):
        return subprocess.Popen(
            [*command, self.line, str(self.keys), str(self.records), *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def pay(self, command, *words):
        """Swipes until it is captured; exit status and what was printed."""
        program, said = self.start(command, *words), []
        for line in program.stdout:
            said.append(line.strip())
            if said[-1].startswith(("waiting for card", "card not readable")):
                self.kiosk.swipe()
        error = program.stderr.read()
        return program.wait(20), said, error

    def close(self):
        self.is_open = False
        self.cable.join()
        said = self.kiosk.close()
        os.close(self.near)
        os.close(self.far)
        assert CARD[:16] not in said


@pytest.fixture
def till(tmp_path):
    till = Till(tmp_path)
    yield till
    till.close()


@pytest.mark.parametrize("which", ["c", "c-static", "python"])
def test_an_example_pays(examples, till, which):
    status, said, error = till.pay(examples[which], "kit-1", "1250")
    assert (status, error) == (0, ""), said
    assert "captured" in said and "outcome: captured" in said
    assert "record 0: 1250, card 411111******1111" in said
    status, said, error = till.pay(examples[which], "kit-2", "990", "A12345")
    assert (status, error) == (0, ""), said
    assert "authorising" in said and "outcome: approved" in said
    # The store held record 0: it does not come again.
    assert [line for line in said if line.startswith("record")] == [
        "record 1: 990, card 411111******1111", "record 2: 990"]
    sizes = till.records.read_bytes()
    assert len(sizes) > 24


def test_a_used_reference_is_refused(examples, till):
    assert till.pay(examples["c"], "twice", "100")[0] == 0
    status, said, _ = till.pay(examples["c"], "twice", "200")
    assert status == 1 and said == ["refused: not possible"]


def test_a_drip_fed_line_pays(examples, tmp_path):
    till = Till(tmp_path, chunk=1)
    try:
        assert till.pay(examples["c"], "drip", "100", "A1")[0] == 0
    finally:
        till.close()


def test_keys_that_are_none_are_named(examples, till):
    till.keys.write_text("register-secret = 00\n")
    status, said, error = till.pay(examples["c"], "keys", "100")
    assert status == 2 and said == [] and "64 hexadecimal digits" in error


@pytest.mark.parametrize("compiler", [
    ["gcc", "-std=c99"], ["gcc", "-std=c17"], ["g++", "-std=c++11"], ["clang", "-std=c99"],
    ["clang++", "-std=c++17"]])
def test_the_header_stands_alone(kit, compiler, tmp_path):
    suffix = ".cpp" if "++" in compiler[0] else ".c"
    source = tmp_path / ("header" + suffix)
    source.write_text("#include <tillregister.h>\nint main(void) { return 0; }\n")
    subprocess.run([*compiler, *STRICT, *flags(kit, "--cflags"), "-fsyntax-only", source],
                   check=True)
