"""The register of the crash test, a process of its own that may be killed at any moment: pays, one
payment after the other, and keeps in two files what it knows. On the line it is Tests/peers/till.py,
which was written from docs/PROTOCOL.md alone.

Usage: register.py DESCRIPTOR FOLDER, the line's descriptor and where its files and keys are."""

import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
from till import EVENT, OUTCOME, PAYMENT, RESPONSE, STATUS, STATUS_RESPONSE, Hello, Till  # noqa: E402

CAPTURED, APPROVED = 1, 2
NOT_POSSIBLE, STORE_FULL, PLEASE_WAIT = 0x83, 0x6A, 0x9C


class Register:
    def __init__(self, line, folder):
        self.deeds = open(folder / "deeds", "a+")
        self.deeds.seek(0)
        self.known = [line.split() for line in self.deeds.read().split("\n")[:-1]]
        secret, controller, record_key = (
            (folder / name).read_bytes() for name in ("register", "controller", "record-key"))
        self.till = Till(line, secret, controller, record_key, store=folder / "records")
        self.till.follows = True
        self.note("started", str(self.till.tree.size))

    def note(self, *words):
        """A line is whole and durable before anything follows from it."""
        self.deeds.write(" ".join(words) + "\n")
        self.deeds.flush()
        os.fsync(self.deeds.fileno())
        self.known.append(list(words))

    def outcomes(self, reference):
        return [record[10] for record in self.till.records if record[4] == reference]

    def run(self):
        asked = [words[1] for words in self.known if words[0] == "asked"]
        over = {words[1] for words in self.known if words[0] == "over"}
        number = len(asked)
        open_ones = [reference for reference in asked if reference not in over]
        while True:
            try:
                while open_ones:
                    self.settle(open_ones[0])
                    self.note("over", open_ones.pop(0))
                number += 1
                reference = f"P{number}"
                self.note("asked", reference)
                open_ones.append(reference)
                self.pay(reference)
            except Hello:
                self.till.connect()

    @staticmethod
    def request(reference):
        return {0: PAYMENT, 1: reference, 2: 1000, 3: 978, 4: 2, 5: 20, 6: 1, 9: 30}

    def pay(self, reference):
        """Once from its beginning to its end."""
        answer = self.till.request(self.request(reference))
        if not answer[3]:
            # Known already: by its record. Anything else is asked for again.
            assert answer[4] in (NOT_POSSIBLE, STORE_FULL, PLEASE_WAIT), answer
            return
        self.till.record(reference, CAPTURED)
        self.note("captured", reference)
        self.report(reference)

    def report(self, reference):
        answer = self.till.request({0: OUTCOME, 1: reference, 2: APPROVED, 3: 0})
        if answer[3]:
            self.till.record(reference, APPROVED)

    def settle(self, reference):
        """After whatever happened: how did it end? One that left no record is asked for again under
        the same reference, and so is, now and then, one of which nothing is known here."""
        if not self.outcomes(reference) and random.random() < 0.5:
            self.pay(reference)
        while True:
            status = self.till.ask(
                {0: STATUS, 1: reference}, lambda m: m[0] == STATUS_RESPONSE and m[1] == reference)
            if status[2] == 1:  # in progress: the same controller goes on with it
                if CAPTURED in self.outcomes(reference):
                    self.report(reference)
                else:
                    self.till.pump(0.2)
            elif status[2] == 2:
                self.till.pump(0.5, lambda m: m[0] not in (RESPONSE, EVENT))
                if self.outcomes(reference):
                    return
            else:
                assert not self.outcomes(reference), f"{reference}: {status}, but it has a record"
                self.pay(reference)


if __name__ == "__main__":
    Register(int(sys.argv[1]), pathlib.Path(sys.argv[2])).run()
