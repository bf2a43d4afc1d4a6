"""The real program on a pseudoterminal, paired with the Python register of test_pairing by the code
that `tillgate pair` shows, and then in a session with it."""

import os
import pathlib
import re
import select
import signal
import subprocess
import time
import tty
from random import Random

import cbor2
import pytest
from noise.connection import Keypair, NoiseConnection

from conftest import ROOT
from test_frames import frames_of, reference
from test_noise import PROLOGUE, public
from test_pairing import Register

# X9.24-1's test key, wrapped by psec.
PROTECTION_KEY = "C1A5E0F2D3B4968778695A4B3C2D1E0F"
BLOCK = (
    "B0120B1TX00N0100KS18FFFF9876543210E0000036024CFC297DE2D9BD86526704FBCFC9"
    "CECF59E501C5C0CB75F1B3F2C49E9036F5455CBA20557EFB"
)
PATIENCE = 60


class Line:
    """Frames of a register, to and from a controller at the other end of `line`."""

    def __init__(self, line, log_path):
        self.line, self.log_path = line, log_path
        self.heard = bytearray()
        self.contents = []

    def say(self, content):
        os.write(self.line, reference(content))

    def hear(self, kinds, again=None, patience=PATIENCE):
        """The next frame of these kinds; `again` is said anew each second. None only when less than
        the usual patience was wanted."""
        deadline = time.monotonic() + patience
        spoken = time.monotonic()
        while time.monotonic() < deadline:
            while self.contents:
                content = self.contents.pop(0)
                if content[0] in kinds:
                    return content
            if select.select([self.line], [], [], 0.2)[0]:
                self.heard += os.read(self.line, 4096)
            if again and time.monotonic() - spoken > 1:
                spoken = time.monotonic()
                self.say(again)
            *whole, rest = bytes(self.heard).split(b"\0")
            self.heard = bytearray(rest)
            self.contents += frames_of(whole)
        if patience < PATIENCE:
            return None
        raise AssertionError(pathlib.Path(self.log_path).read_text())


class Kiosk(Line):
    """A folder with the virtual board, keys loaded and nobody paired."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        line, far = os.openpty()
        super().__init__(line, folder / "log")
        tty.setraw(far)
        os.symlink(os.ttyname(far), folder / "register.tty")
        self.display, far = os.openpty()
        tty.setraw(far)
        os.symlink(os.ttyname(far), folder / "display.tty")
        os.mkfifo(folder / "stripe.edges")
        for name, text in (("protection-key", PROTECTION_KEY), ("key-block", BLOCK)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
        self.do("keys", "load", "--state", "state", "--protection-key", "protection-key",
                "--block", "key-block")
        self.controller = None

    def do(self, *words, status=0):
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True,
                              text=True, timeout=PATIENCE)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    def start(self):
        self.log = open(self.folder / "log", "ab+")
        self.controller = subprocess.Popen(
            [self.program, "run", ROOT / "boards/virtual/board.ini"], cwd=self.folder,
            stdout=self.log, stderr=self.log)
        self.wait_for("the loop runs")

    def wait_for(self, words):
        deadline = time.monotonic() + PATIENCE
        while words not in (self.folder / "log").read_text():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            assert self.controller.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)

    def shown(self, last):
        """What went to the customer display so far, once it ends with this text."""
        shown, deadline = b"", time.monotonic() + PATIENCE
        while last not in shown[-48:]:
            assert time.monotonic() < deadline, shown
            if select.select([self.display], [], [], 0.2)[0]:
                shown += os.read(self.display, 65536)
        return shown

    def stop(self, number=signal.SIGTERM):
        self.controller.send_signal(number)
        self.controller.wait(PATIENCE)
        (self.folder / "log").write_text("")

    def pair(self):
        return subprocess.Popen([self.program, "pair", "--state", "state"], cwd=self.folder,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def kiosk(tmp_path):
    program = os.environ.get("FIRMWARE")
    assert program and os.access(program, os.X_OK), "set FIRMWARE to the built program"
    kiosk = Kiosk(os.path.abspath(program), tmp_path)
    yield kiosk
    if kiosk.controller and kiosk.controller.poll() is None:
        kiosk.controller.kill()


def prove(line, terminal, register, change=0):
    """Calls, and types the code that stands on the terminal; the answer to that."""
    ask = register.ask()
    line.say(ask)
    introduce = register.introduce(line.hear([0x11], ask))
    line.say(introduce)
    share = line.hear([0x13], introduce)
    line.code = re.match(r"code (\d{6})", terminal.stdout.readline())[1]
    code = int(line.code) + change
    proof = register.prove(share, b"%06d" % (code % 1_000_000))
    line.say(proof)
    return line.hear([0x15, 0x18], proof)


def finish(line, terminal, register):
    """The rest, when the code was right."""
    accept = register.accept(prove(line, terminal, register))
    line.say(accept)
    register.record_key = register.finish(line.hear([0x17], accept))


def open_window(kiosk):
    terminal = kiosk.pair()
    assert "start the pairing" in terminal.stdout.readline()
    return terminal


def pair(kiosk, static, name=b"python"):
    """Pairs as people do; what `tillgate pair` said, and the register."""
    terminal = open_window(kiosk)
    register = Register(static=static, name=name)
    finish(kiosk, terminal, register)
    said = terminal.stdout.read()
    assert terminal.wait(PATIENCE) == 0
    return said, register


def session(kiosk, register, patience=PATIENCE):
    """A session with the paired register: `time`, and the controller's `boot`; False without one."""
    noise = NoiseConnection.from_name(b"Noise_KK_25519_ChaChaPoly_SHA256")
    noise.set_as_initiator()
    noise.set_prologue(PROLOGUE)
    noise.set_keypair_from_private_bytes(Keypair.STATIC, register.static)
    noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, register.controller)
    noise.start_handshake()
    request = b"\2" + bytes(noise.write_message())
    kiosk.say(request)
    # What is left over of sessions before is passed over.
    answer = kiosk.hear([3], request, patience)
    while answer and answer[1:5] != request[1:5]:
        answer = kiosk.hear([3], request, patience)
    if answer is None:
        return False
    noise.read_message(answer[5:])
    header = b"\4" + request[1:5] + bytes(8)
    sealed = noise.noise_protocol.cipher_state_encrypt.encrypt_with_ad(
        header, cbor2.dumps({0: 4}, canonical=True))
    kiosk.say(header + sealed)
    frame = kiosk.hear([4])
    while frame[1:5] != request[1:5]:
        frame = kiosk.hear([4])
    boot = noise.noise_protocol.cipher_state_decrypt.decrypt_with_ad(frame[:13], frame[13:])
    assert cbor2.loads(boot)[0] == 20
    return True


def test_a_register_is_paired_used_listed_and_removed(kiosk):
    kiosk.start()
    static = os.urandom(32)
    # Three tries, each with a code of its own; then the window is closed.
    terminal = open_window(kiosk)
    for said in ("that was another code; tries left: 2\n", "that was another code; tries left: 1\n",
                 "the window is closed, and no register was paired\n"):
        stranger = Register(static=static, name=b"typing error")
        assert stranger.open(prove(kiosk, terminal, stranger, change=1), 0x18, 3) == b"\1"
        assert terminal.stdout.readline() == said
    assert terminal.wait(PATIENCE) == 1
    kiosk.say(Register(static=static, name=b"late").ask())
    assert kiosk.hear([0x11], patience=3) is None
    said, register = pair(kiosk, static, b"python 1")
    # ESC/POS, lines by their places: the code stood there, and then the welcome again.
    shown = kiosk.shown(b"Welcome")
    assert b"Pairing code".ljust(20) in shown
    assert kiosk.code[:3].encode() + b" " + kiosk.code[3:].encode() in shown
    key = public(static).hex()
    assert said == f"paired: {key[:16].upper()} python 1\n" or said.lower() == (
        f"paired: {key[:16]} python 1\n")
    session(kiosk, register)
    # It outlives the controller's end, however that comes.
    kiosk.stop(signal.SIGKILL)
    listed = kiosk.do("pair", "list", "--state", "state")
    assert re.fullmatch(rf"(?i){key[:16]}  20\d\d-\d\d-\d\d \d\d:\d\dZ  python 1\n", listed)
    kiosk.start()
    session(kiosk, register)
    # Another beside it, with the same key of the records; the first goes.
    _, second = pair(kiosk, os.urandom(32), b"python 2")
    assert second.record_key == register.record_key
    assert second.controller == register.controller
    session(kiosk, second)
    # The list can be asked for, and is told apart from a window's news.
    terminal = open_window(kiosk)
    assert kiosk.do("pair", "list", "--state", "state").count("\n") == 2
    assert "no register can be paired" in kiosk.do("pair", "close", "--state", "state")
    assert "no register was paired" in terminal.stdout.read() and terminal.wait(PATIENCE) == 1
    removed = kiosk.do("pair", "remove", key[:10], "--state", "state")
    assert removed.startswith("removed")
    assert "python 1" not in kiosk.do("pair", "list", "--state", "state")
    assert not session(kiosk, register, patience=4), "removed, it is a stranger"
    assert session(kiosk, second)
    kiosk.stop()
    kiosk.do("pair", "remove", public(second.static).hex()[:4], "--state", "state")
    assert kiosk.do("pair", "list", "--state", "state") == "no register is paired\n"


def test_a_power_cut_while_both_sides_store(kiosk):
    """Killed at moments around the last two frames: whoever is stored at the register is stored at the
    controller, and pairing again is all that is ever needed."""
    random = Random(20261125)
    kiosk.start()
    outcomes = set()
    for number in range(12):
        static = random.randbytes(32)
        terminal = open_window(kiosk)
        register = Register(static=static, name=b"cut")
        kiosk.say(register.accept(prove(kiosk, terminal, register)))
        time.sleep(random.random() * 0.06)
        kiosk.stop(signal.SIGKILL)
        terminal.kill()
        end = kiosk.hear([0x17], patience=0.3)
        key = public(static).hex()[:16].upper()
        is_stored = key in kiosk.do("pair", "list", "--state", "state")
        outcomes.add((is_stored, end is not None))
        assert is_stored or end is None, "the register was told before it was durable"
        kiosk.start()
        if end:
            register.record_key = register.finish(end)
            assert session(kiosk, register)
        else:
            _, again = pair(kiosk, static, b"again")
            assert session(kiosk, again)
        listed = kiosk.do("pair", "list", "--state", "state")
        assert listed.count(key) == 1 and listed.count("\n") == 1
        kiosk.do("pair", "remove", key, "--state", "state")
    assert len(outcomes) > 1, "no cut fell between the two"


def test_what_is_wrong_is_said(kiosk):
    state = kiosk.folder / "state"
    assert "no register was ever paired" in kiosk.do("pair", "list", "--state", "state", status=1)
    assert "no tillgate is running" in kiosk.do("pair", "--state", "state", status=1)
    assert "usage: tillgate pair" in kiosk.do("pair", "remove", status=64)
    kiosk.start()
    assert "or several do" in kiosk.do("pair", "remove", "abcd", "--state", "state", status=1)
    assert "no register can be paired" in kiosk.do("pair", "close", "--state", "state")
    kiosk.stop()
    good = (state / "pairing.sealed").read_bytes()
    for bad, words in (
        (good[:-1], "ends too early"),
        (good[:100] + bytes([good[100] ^ 1]) + good[101:], "or is damaged"),
        (b"TILLGATE\2" + good[9:], "newer tillgate"),
        (os.urandom(len(good)), "is not a file of tillgate"),
        ((state / "vault.sealed").read_bytes(), "larger than"),
        (b"", "ends too early"),
    ):
        (state / "pairing.sealed").write_bytes(bad)
        said = kiosk.do("run", str(ROOT / "boards/virtual/board.ini"), status=1)
        assert "pairing.sealed" in said and words in said, said
        assert words in kiosk.do("pair", "list", "--state", "state", status=1)
        assert (state / "pairing.sealed").read_bytes() == bad, "never a silent fresh start"
    (state / "pairing.sealed").write_bytes(good)
    (state / "pairing.sealed").chmod(0o644)
    said = kiosk.do("run", str(ROOT / "boards/virtual/board.ini"), status=1)
    assert "pairing.sealed can be read by others" in said and "chmod 600" in said
    # The way out that the message names.
    (state / "pairing.sealed").unlink()
    kiosk.start()
    assert "no register was ever paired" in (kiosk.folder / "log").read_text()
