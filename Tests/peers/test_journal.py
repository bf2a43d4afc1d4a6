"""What the real program makes of a journal that it cannot use, and of a disk that takes no more: a
clear message, a way out, and never a silent fresh start."""

import contextlib
import os
import pathlib
import resource
import sqlite3
import subprocess

import pytest

from kiosk import Kiosk
from till import PAYMENT, Till

STORE_FULL = 0x6A


class Shop:
    def __init__(self):
        self.secret = os.urandom(32)
        self.kiosk = Kiosk(os.environ["FIRMWARE"], self.secret)
        self.state = pathlib.Path(self.kiosk.folder.name) / "state"
        self.journal = self.state / "log.db"
        self.till, self.count = None, 0

    def connect(self):
        self.till = Till(self.kiosk.line, self.secret, self.kiosk.controller,
                         self.kiosk.record_key, store=self.kiosk.folder.name + "/records")

    def request(self):
        self.count += 1
        return self.till.request(
            {0: PAYMENT, 1: f"shop-{self.count}", 2: 100, 3: 978, 4: 2, 5: 60, 6: 1})

    def pay(self):
        answer = self.request()
        assert answer[3], answer
        self.card(f"shop-{self.count}")

    def card(self, reference):
        while not any(record[4] == reference for record in self.till.records):
            self.kiosk.swipe(speed=30)
            self.till.pump(3, lambda m: any(r[4] == reference for r in self.till.records))

    def pay_until_refused(self):
        """Finishes the payment that was asked for, and more, until the store is said to be full."""
        self.card(f"shop-{self.count}")  # taken already: the register has it all the same
        refused = self.request()
        for _ in range(20):
            if not refused[3]:
                break
            self.card(f"shop-{self.count}")
            self.till.pump(0.2)
            refused = self.request()
        assert refused[3] is False and refused[4] == STORE_FULL, refused

    def stop(self):
        self.till.pump(0.3)
        self.kiosk.program.terminate()
        assert self.kiosk.program.wait(10) == 0, self.kiosk.said()

    def refusal(self, *wrapper):
        """What the program says when it does not start."""
        before = len(self.kiosk.said())
        self.kiosk.start(*wrapper)
        assert self.kiosk.program.wait(10) == 1
        return self.kiosk.said()[before:]


@pytest.fixture
def shop():
    shop = Shop()
    shop.connect()
    shop.pay()
    yield shop
    shop.kiosk.program.kill()
    shop.kiosk.program.wait()
    shop.kiosk.folder.cleanup()


def change(shop, statement):
    with contextlib.closing(sqlite3.connect(shop.journal, isolation_level=None)) as database:
        database.execute(statement)


def missing(shop):
    shop.journal.unlink()


def foreign(shop):
    shop.journal.unlink()
    change(shop, "CREATE TABLE recipes(name)")


def newer(shop):
    change(shop, "PRAGMA user_version = 2")


def other_board(shop):
    (shop.state / "log.sealed").unlink()


def truncated(shop):
    os.truncate(shop.journal, shop.journal.stat().st_size // 2)


def changed_root(shop):
    change(shop, "UPDATE logs SET root = zeroblob(32)")


def record_gone(shop):
    change(shop, "DELETE FROM records")


@pytest.mark.parametrize("harm, words", [
    (missing, "missing although this board has kept one"),
    (foreign, "not a journal of tillgate: move it away"),
    (newer, "newer tillgate (version 2)"),
    (other_board, "another board's"),
    (truncated, "damaged"),
    (changed_root, "damaged"),
    (record_gone, "damaged"),
])
def test_a_journal_that_cannot_be_used_is_named_and_left_as_it_is(shop, harm, words):
    shop.stop()
    harm(shop)
    before = shop.journal.read_bytes() if shop.journal.exists() else None
    said = shop.refusal()
    assert "log.db" in said and words in said, said
    after = shop.journal.read_bytes() if shop.journal.exists() else None
    assert before == after, "the program changed it"


def test_the_way_out_is_a_new_log_which_the_register_takes_for_one(shop):
    origin = shop.till.origin
    shop.stop()
    shop.journal.unlink()
    assert "tillgate log new-origin" in shop.refusal()
    shop.kiosk.tillgate("log", "new-origin", "--state", "state", "--yes")
    shop.kiosk.start()
    shop.till.connect()
    assert shop.till.origin != origin and shop.till.tree.size == 0
    shop.pay()


def test_a_disk_that_takes_no_more_refuses_new_cards_and_loses_none(shop):
    answer = shop.request()
    assert answer[3], answer
    program = shop.kiosk.program.pid
    # As large as it is now: the kernel lets it write no further.
    size = max(path.stat().st_size for path in shop.state.iterdir())
    resource.prlimit(program, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    shop.pay_until_refused()
    assert "records cannot be stored" in shop.kiosk.said()
    resource.prlimit(program, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    shop.till.pump(3, lambda m: "records can be stored again" in shop.kiosk.said())
    shop.till.pump(1)
    shop.pay()
    shop.stop()
    log = shop.kiosk.tillgate("log", "export", "--state", "state").splitlines()
    assert len(log) == len(shop.till.records)
    assert all(sealed.hex() in line for sealed, line in zip(shop.till.sealed, log))
    shop.kiosk.tillgate("log", "verify", "--state", "state")


@pytest.mark.parametrize("place, words", [
    ("state", "Read-only file system"),
    ("state/log.db", "cannot be written: the file or its disk is read-only"),
])
def test_a_disk_that_cannot_be_written_is_named_at_the_start(shop, place, words):
    origin, count = shop.till.origin, len(shop.till.records)
    shop.stop()
    before = shop.journal.read_bytes()
    mounts = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    said = shop.refusal(
        "unshare", *mounts, "--", "sh", "-c",
        f'mount --bind {place} {place} && mount -o remount,bind,ro {place} && exec "$@"', "sh")
    assert place in said and words in said, said
    assert shop.journal.read_bytes() == before
    shop.kiosk.start()
    shop.till.connect()
    assert shop.till.origin == origin and len(shop.till.records) == count
    shop.pay()


class Disk:
    """A file system in a file, which becomes read-only as one does whose disk fails."""

    def __init__(self, folder):
        self.folder, self.image = folder, folder.with_suffix(".image")
        with open(self.image, "wb") as file:
            file.truncate(64 << 20)
        owner = f"root_owner={os.getuid()}:{os.getgid()}"
        subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-F", "-E", owner, self.image], check=True)
        self.mount("-o", "loop", self.image)

    def mount(self, *words):
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*as_root, "mount", *words, self.folder], check=True)

    def fail(self):
        self.mount("-o", "remount,abort")

    def repair(self):
        self.remove()
        # 1: what was wrong is mended.
        done = subprocess.run(["/usr/sbin/e2fsck", "-fy", self.image], capture_output=True)
        assert done.returncode in (0, 1), done
        self.mount("-o", "loop", self.image)

    def remove(self):
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*as_root, "umount", self.folder], check=True)


@pytest.fixture
def disk(shop):
    """The shop's state on a disk of its own."""
    shop.stop()
    kept = shop.state.rename(shop.state.with_name("kept"))
    shop.state.mkdir(0o700)
    disk = Disk(shop.state)
    for path in kept.iterdir():
        subprocess.run(["cp", "-a", path, shop.state], check=True)
    subprocess.run(["chmod", "700", shop.state], check=True)
    subprocess.run(["sync", "-f", shop.state], check=True)  # what failing may not take
    shop.kiosk.start()
    shop.till.connect()
    yield disk
    shop.kiosk.program.kill()
    shop.kiosk.program.wait()
    disk.remove()


def test_a_disk_that_becomes_read_only_refuses_new_cards_and_loses_none(shop, disk):
    shop.pay()
    answer = shop.request()
    assert answer[3], answer
    disk.fail()
    shop.pay_until_refused()
    said = shop.kiosk.said()
    assert "the journal cannot be written: the file or its disk is read-only" in said, said
    assert "no new card is taken, what was taken waits" in said
    # What the disk did not take the register has, and gives back.
    shop.till.pump(0.5)
    shop.kiosk.program.terminate()
    shop.kiosk.program.wait(10)
    disk.repair()
    shop.kiosk.start()
    shop.till.connect()
    shop.pay()
    assert shop.till.recalled > 0
    shop.stop()
    log = shop.kiosk.tillgate("log", "export", "--state", "state").splitlines()
    assert len(log) == len(shop.till.records)
    assert all(sealed.hex() in line for sealed, line in zip(shop.till.sealed, log))
    shop.kiosk.tillgate("log", "verify", "--state", "state")
