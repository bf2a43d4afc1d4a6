"""A kiosk without hardware for the peers: the real firmware in a folder of its own, its head fed with
edges that are made here from ISO/IEC 7811 and 7813, its register's line a pseudoterminal."""

import os
import pathlib
import pty
import struct
import subprocess
import tempfile
import termios
import time
import tty

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

ROOT = pathlib.Path(__file__).resolve().parents[2]

# X9.24-1 annex A.4's test keys in a TR-31 block, as psec wraps them.
PROTECTION_KEY = "C1A5E0F2D3B4968778695A4B3C2D1E0F"
KEY_BLOCK = (
    "B0120B1TX00N0100KS18FFFF9876543210E0000036024CFC297DE2D9BD86526704FBCFC9"
    "CECF59E501C5C0CB75F1B3F2C49E9036F5455CBA20557EFB"
)
CARD = "4111111111111111=28121010000000123"
CHIP_CARD = "4111111111111111=28122010000000123"


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def bits_of(track2):
    """The bits of track 2: 5-bit characters, least significant bit first, odd parity, and the LRC."""
    codes = [ord(c) - 0x30 for c in ";" + track2 + "?"]
    lrc = 0
    for code in codes:
        lrc ^= code
    bits = [0] * 30
    for code in codes + [lrc]:
        data = [code >> n & 1 for n in range(4)]
        bits += data + [1 - sum(data) % 2]
    return bits + [0] * 30


class Kiosk:
    """`register_secret` is the register's; the program gets its public key. With `watcher` the board has
    a second line, for a register that only watches."""

    def __init__(self, firmware, register_secret, watcher=False):
        self.folder = tempfile.TemporaryDirectory(prefix="tillgate-peer-")
        path = pathlib.Path(self.folder.name)
        self.firmware = os.path.abspath(firmware)
        controller_secret, self.record_key = os.urandom(32), os.urandom(32)
        self.controller = public(controller_secret)
        self.line, self.far_side = pty.openpty()
        tty.setraw(self.far_side, termios.TCSANOW)
        (path / "register.tty").symlink_to(os.ttyname(self.far_side))
        self.scanner, self.display = (self.device(path / f"{n}.tty") for n in ("scanner", "display"))
        os.mkfifo(path / "stripe.edges", 0o600)
        board = (ROOT / "boards/virtual/board.ini").read_text()
        self.watcher_line = None
        if watcher:
            self.watcher_line, self.watcher_side = pty.openpty()
            tty.setraw(self.watcher_side, termios.TCSANOW)
            (path / "watcher.tty").symlink_to(os.ttyname(self.watcher_side))
            board += "\n[watcher]\nport = watcher.tty\n"
        (path / "board.ini").write_text(board)
        pairing = (
            f"controller-secret = {controller_secret.hex()}\n"
            f"register-public = {public(register_secret).hex()}\n"
            f"record-key = {self.record_key.hex()}\n")
        self.secret("protection-key", PROTECTION_KEY + "\n")
        self.secret("key-block", KEY_BLOCK + "\n")
        self.secret("pairing", pairing)
        self.tillgate("keys", "load", "--state", "state", "--protection-key", "protection-key",
                      "--block", "key-block")
        self.tillgate("keys", "pair", "--state", "state", "--keys", "pairing")
        self.edges = os.open(path / "stripe.edges", os.O_RDWR)
        self.sequence = 0
        self.log = open(path / "log", "w+")
        self.start()

    def start(self, *wrapper):
        """`wrapper` is a command that the program is run by."""
        self.program = subprocess.Popen(
            # Killed when we are: an orphan would read from the next test's terminals.
            ["setpriv", "--pdeathsig", "KILL", "--", *wrapper, self.firmware, "run", "board.ini"],
            cwd=self.folder.name, stdout=self.log, stderr=self.log, restore_signals=False)

    def device(self, name):
        """The two ends of a pseudo-terminal that the program knows by this name."""
        ends = pty.openpty()
        tty.setraw(ends[1], termios.TCSANOW)
        name.symlink_to(os.ttyname(ends[1]))
        return ends

    def scan(self, data):
        os.write(self.scanner[0], data)

    def shown(self):
        """What the customer reads: the two lines sent last, each behind its US $ command."""
        time.sleep(0.05)
        text = os.read(self.display[0], 4096).decode("cp1252")
        return [text[-44:-24].strip(), text[-20:].strip()]

    def secret(self, name, text):
        path = pathlib.Path(self.folder.name) / name
        path.touch(0o600)
        path.write_text(text)

    def tillgate(self, *words):
        done = subprocess.run(
            [self.firmware, *words], cwd=self.folder.name, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def swipe(self, track2=CARD, scratched=False, speed=20):
        """Track 2 at `speed` in/s and 75 bits/in. Handed over ahead of time: a busy machine shall not
        look like a card that stopped. Returns the time of its end, by the monotonic clock."""
        bit = int(1e9 / (speed * 75))
        at = time.monotonic_ns() + 50_000_000
        level, data = 0, b""
        for place, one in enumerate(bits_of(track2)):
            for moment in [at] + ([at + bit // 2] if one else []):
                level ^= 1
                if scratched and 60 < place < 140 and place % 3 == 0:
                    continue
                data += struct.pack("<QIBBH", moment, self.sequence, 1, level, 0)
                self.sequence += 1
            at += bit
        os.write(self.edges, data)
        return at

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def close(self):
        self.program.terminate()
        status = self.program.wait(10)
        said = self.said()
        self.log.close()
        for descriptor in (
                self.line, self.far_side, self.edges, *self.scanner, *self.display):
            os.close(descriptor)
        if self.watcher_line:
            os.close(self.watcher_line)
            os.close(self.watcher_side)
        self.folder.cleanup()
        assert status == 0, said
        return said
