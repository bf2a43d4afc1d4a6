"""Kills the real program, and now and then the register, by SIGKILL at random moments, starts them
again on the same files, and at the end compares what both have.

Usage: crash.py FIRMWARE [KILLS [SEED]]"""

import collections
import json
import os
import pathlib
import random
import re
import select
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))
from kiosk import Kiosk  # noqa: E402
from till import Till  # noqa: E402

CAPTURED = 1


class Crash:
    def __init__(self, firmware, kills, seed):
        print(f"crash: seed {seed}, {kills} kills", flush=True)
        self.kills, self.random = kills, random.Random(seed)
        self.secret = os.urandom(32)
        self.kiosk = Kiosk(firmware, self.secret)
        self.folder = pathlib.Path(self.kiosk.folder.name)
        for name, key in (("register", self.secret), ("controller", self.kiosk.controller),
                          ("record-key", self.kiosk.record_key)):
            (self.folder / name).write_bytes(key)
        self.said = open(self.folder / "register.log", "w+")
        self.swipe_at = self.card_end = self.heard = 0
        self.start_register()

    def start_register(self):
        self.register = subprocess.Popen(
            [sys.executable, HERE / "register.py", str(self.kiosk.line), self.folder],
            stdout=self.said, stderr=self.said, pass_fds=[self.kiosk.line])

    def go_on(self, seconds):
        """A card is pulled through again and again; nobody ends by himself."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if time.monotonic() > self.swipe_at:
                self.card_end = self.kiosk.swipe(speed=45) / 1e9
                self.swipe_at = time.monotonic() + 0.18
            time.sleep(min(0.01, max(0, end - time.monotonic())))
            for name, process in (("program", self.kiosk.program), ("register", self.register)):
                assert process.poll() is None, f"the {name} ended: {self.words()}"

    def aim(self):
        """Waits for the moments in which a record leaves and is not in the journal yet: 10 ms after
        the card's end."""
        end = time.monotonic() + 2.5
        while "waiting for a card" not in self.kiosk.said()[self.heard:]:
            self.go_on(0.01)
            if time.monotonic() > end:
                return
        before = self.card_end
        while self.card_end == before:
            self.go_on(0.01)
        wait = self.card_end + 0.010 + self.random.uniform(-0.001, 0.006) - time.monotonic()
        time.sleep(max(0, wait))

    def words(self):
        self.said.seek(0)
        return self.kiosk.said()[-3000:] + "\n" + self.said.read()[-3000:]

    def drain_edges(self):
        """A card that was pulled while nobody looked is nobody's."""
        while select.select([self.kiosk.edges], [], [], 0)[0]:
            os.read(self.kiosk.edges, 65536)

    def run(self):
        self.go_on(2)
        programs = 0
        for number in range(self.kills):
            # Most soon after a start, when it reconciles; some after a payment or two.
            self.go_on(self.random.choice((0.15, 0.5, 1.2)) * self.random.random() + 0.02)
            if self.random.random() < 0.5:
                self.aim()
            if self.random.random() < 0.8:
                programs += 1
                self.kiosk.program.kill()
                self.kiosk.program.wait()
                self.drain_edges()
                self.heard = len(self.kiosk.said())
                self.kiosk.start()
            else:
                self.register.kill()
                self.register.wait()
                self.start_register()
            if number % 50 == 49:
                print(f"crash: {number + 1} kills", flush=True)
        self.go_on(6)  # everything that is open is settled
        self.register.kill()
        self.register.wait()
        return programs

    def judge(self, programs):
        till = Till(self.kiosk.line, self.secret, self.kiosk.controller, self.kiosk.record_key,
                    store=self.folder / "records")
        till.pump(1)
        self.kiosk.program.terminate()
        assert self.kiosk.program.wait(10) == 0, self.words()
        self.judge_records(till)
        log = self.judge_log(till)
        captures = sum(record[10] == CAPTURED for record in till.records)
        deeds = (self.folder / "deeds").read_text()
        back = sum(map(int, re.findall(r"records taken back: (\d+)", self.kiosk.said())))
        print(f"crash: {programs} kills of the program, {self.kills - programs} of the register")
        print(f"crash: {deeds.count('asked')} payments, {captures} cards captured, "
              f"{len(till.records)} records, {back} taken back from the register, "
              f"{log} in the log: nothing lost, nothing twice")

    def judge_records(self, till):
        """What the register has: in order, each once, under keys and nonces that served once."""
        count = collections.Counter()
        for place, record in enumerate(till.records):
            assert record[2] == place, f"record {record[2]} stands at {place}"
            count["outcome", record[4], record[10]] += 1
            count["nonce", record[3], record[2]] += 1
            if record[10] == CAPTURED:
                count["key", bytes(record[18][3])] += 1
            else:
                # The end of a transaction whose card is told by its record.
                card = record.get(33)
                assert card is None or till.records[card][4] == record[4]
        twice = [what for what, times in count.items() if times > 1]
        assert not twice, f"twice: {twice}"
        deeds = [line.split() for line in (self.folder / "deeds").read_text().split("\n") if line]
        captured = {words[1] for words in deeds if words[0] == "captured"}
        have = {record[4] for record in till.records}
        assert captured <= have, f"captured and not here: {captured - have}"

    def judge_log(self, till):
        """The controller's log is the register's: every record, and the root."""
        self.kiosk.tillgate("log", "verify", "--state", "state")
        lines = [json.loads(line) for line in
                 self.kiosk.tillgate("log", "export", "--state", "state").splitlines()]
        mine = [bytes.fromhex(line["sealed"]) for line in lines if "sealed" in line]
        assert mine == till.sealed, f"{len(mine)} records here, {len(till.sealed)} there"
        return len(mine)


if __name__ == "__main__":
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    crash = Crash(sys.argv[1], kills, seed)
    try:
        crash.judge(crash.run())
    except BaseException:
        print(crash.words(), file=sys.stderr)
        raise
    finally:
        for process in (crash.kiosk.program, crash.register):
            process.kill()
