"""A kiosk whose line ends in a terminal that a program can open by its name: for registers that are
programs."""

import os
import pty
import select
import subprocess
import termios
import threading
import time
import tty

from kiosk import CARD, Kiosk


class Till:
    """A kiosk, and at the other end of its line a terminal that a program can open by its name."""

    def __init__(self, folder, chunk=4096):
        secret = os.urandom(32)
        self.kiosk = Kiosk(os.environ["FIRMWARE"], secret)
        end = time.monotonic() + 60
        while "the loop runs" not in self.kiosk.said():
            alive = self.kiosk.program.poll() is None and time.monotonic() < end
            assert alive, self.kiosk.said()
            time.sleep(0.02)
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
        patience = threading.Timer(90, program.kill)
        patience.start()
        for line in program.stdout:
            said.append(line.strip())
            if said[-1].startswith(("waiting for card", "card not readable")):
                self.kiosk.swipe()
        error = program.stderr.read()
        patience.cancel()
        return program.wait(20), said, error

    def close(self):
        self.is_open = False
        self.cable.join()
        said = self.kiosk.close()
        os.close(self.near)
        os.close(self.far)
        assert CARD[:16] not in said
