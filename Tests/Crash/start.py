"""How long the real program takes from its start to its first tick with a log of N records beside one
of a single record, in turn. The long log is made here, after RFC 6962, and verified by the program.

Usage: start.py FIRMWARE [N]"""

import contextlib
import hashlib
import os
import pathlib
import sqlite3
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
from kiosk import Kiosk  # noqa: E402
from till import PAYMENT, Till  # noqa: E402

ROUNDS = 9


def shop(firmware):
    """A kiosk that has taken one payment, stopped."""
    secret = os.urandom(32)
    kiosk = Kiosk(firmware, secret)
    till = Till(kiosk.line, secret, kiosk.controller, kiosk.record_key)
    assert till.request({0: PAYMENT, 1: "first", 2: 100, 3: 978, 4: 2, 5: 60, 6: 1})[3]
    while not till.records:
        kiosk.swipe(speed=30)
        till.pump(1, lambda m: till.records)
    till.pump(0.5)
    stop(kiosk)
    return kiosk


def stop(kiosk):
    kiosk.program.terminate()
    assert kiosk.program.wait(10) == 0, kiosk.said()


def node(level, index):
    """The row of a node of the first log: nodes in the order in which they are completed."""
    leaf = ((index + 1) << level) - 1
    return (1 << 41) + 2 * leaf - leaf.bit_count() + level


def grow(journal, size):
    """Repeats the log's record up to `size` records, with the tree over them."""
    with contextlib.closing(sqlite3.connect(journal)) as database:
        sealed = database.execute("SELECT sealed FROM records").fetchone()[0]
        peaks = [(0, database.execute("SELECT hash FROM nodes").fetchone()[0])]
        for index in range(1, size):
            level, joined = 0, hashlib.sha256(b"\0" + sealed).digest()
            database.execute("INSERT INTO nodes VALUES(?, ?)", (node(0, index), joined))
            while peaks and peaks[-1][0] == level:
                joined = hashlib.sha256(b"\1" + peaks.pop()[1] + joined).digest()
                level += 1
                database.execute(
                    "INSERT INTO nodes VALUES(?, ?)", (node(level, index >> level), joined))
            peaks.append((level, joined))
            database.execute("INSERT INTO records VALUES(?, 0, ?, ?)",
                             ((1 << 40) + index, b"r%d" % index, sealed))
        root = peaks[-1][1]
        for _, peak in reversed(peaks[:-1]):
            root = hashlib.sha256(b"\1" + peak + root).digest()
        database.execute("UPDATE logs SET size = ?, acknowledged = ?, root = ?", (size, size, root))
        database.commit()


def start(kiosk):
    """Milliseconds from before the start to the line that says that the loop runs."""
    before = len(kiosk.said())
    began = time.monotonic()
    kiosk.start()
    while "the loop runs" not in kiosk.said()[before:]:
        assert kiosk.program.poll() is None, kiosk.said()
        time.sleep(0.0005)
    took = (time.monotonic() - began) * 1000
    stop(kiosk)
    return took


if __name__ == "__main__":
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    short, long = shop(sys.argv[1]), shop(sys.argv[1])
    journal = pathlib.Path(long.folder.name) / "state/log.db"
    grow(journal, size)
    print(f"a log of {size} records, {journal.stat().st_size / 1e6:.0f} MB: "
          + long.tillgate("log", "verify", "--state", "state").strip())
    times = [(start(short), start(long)) for _ in range(ROUNDS)]
    for place, name in ((0, "1 record"), (1, f"{size} records")):
        print(f"start to first tick, {name}: median "
              f"{statistics.median(time[place] for time in times):.1f} ms of {ROUNDS}")
