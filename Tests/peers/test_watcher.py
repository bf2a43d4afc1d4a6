"""A second register that only watches, on a line of its own, at the real program: paired over that line by
the code, it hears and gets what the first does, and nothing that it asks for is done."""

import os
import subprocess

import pytest

from kiosk import Kiosk
from test_pair_program import Line, finish
from test_pairing import Register
from till import (ABORT, ACKNOWLEDGEMENT, CHOICE, DIAGNOSIS, DIAGNOSIS_RESPONSE, EVENT, OUTCOME,
                  PAYMENT, STATUS, TIME, TOTALS, TOTALS_RESPONSE, Till)

ERROR = 31
WATCHES_ONLY = 0x6B


@pytest.fixture(scope="module")
def world():
    firmware = os.environ.get("FIRMWARE")
    assert firmware and os.access(firmware, os.X_OK), "set FIRMWARE to the built firmware"
    secret = os.urandom(32)
    kiosk = Kiosk(firmware, secret, watcher=True)
    till = Till(kiosk.line, secret, kiosk.controller, kiosk.record_key)
    terminal = subprocess.Popen(
        [kiosk.firmware, "pair", "--state", "state"], cwd=kiosk.folder.name,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "start the pairing" in terminal.stdout.readline()
    office = Register(static=os.urandom(32), name=b"office")
    finish(Line(kiosk.watcher_line, kiosk.log.name), terminal, office)
    assert terminal.wait(20) == 0
    watcher = Till(kiosk.watcher_line, office.static, office.controller, office.record_key)
    yield kiosk, till, watcher
    kiosk.close()


def payment(reference):
    return {0: PAYMENT, 1: reference, 2: 1000, 3: 978, 4: 2, 5: 60, 6: 1}


def test_it_hears_each_step_and_gets_the_record(world):
    kiosk, till, watcher = world
    assert watcher.record_key == till.record_key and watcher.origin == till.origin
    assert till.request(payment("seen-1"))[3]
    for _ in range(5):
        kiosk.swipe()
        if till.pump(3, lambda m: m[0] == EVENT and m[5]):
            break
    watcher.wait(lambda m: m[0] == EVENT and m[5])

    def steps(side):
        return [m for m in side.heard if m[0] == EVENT and m.get(1) == "seen-1"]

    assert steps(watcher) == steps(till) and len(steps(till)) >= 3
    watcher.pump(5, lambda _: watcher.records)
    assert watcher.records == [till.records[-1]] and watcher.records[0][4] == "seen-1"


def test_what_it_asks_for_is_refused_and_changes_nothing(world):
    kiosk, till, watcher = world
    assert till.request(payment("theirs-1"))[3]
    for message in (payment("mine-1"), {0: ABORT, 1: "theirs-1"}, {0: CHOICE, 1: "theirs-1", 2: 5},
                    {0: OUTCOME, 1: "theirs-1", 2: 2, 3: 0}):
        answer = watcher.request(message)
        assert answer[3] is False and answer[4] == WATCHES_ONLY
    open_period = watcher.ask({0: TOTALS}, lambda m: m[0] == TOTALS_RESPONSE)
    for message in ({0: TOTALS, 1: open_period[1]}, {0: STATUS, 1: "theirs-1"}):
        answer = watcher.ask(message, lambda m: m[0] == ERROR and m[1] == message[0])
        assert answer[2] == WATCHES_ONLY
    # It neither acknowledges for the other nor sets the clock.
    watcher.send({0: ACKNOWLEDGEMENT, 1: watcher.origin, 2: 2**40})
    watcher.send({0: TIME, 1: 86_400_000})
    assert watcher.ask({0: DIAGNOSIS}, lambda m: m[0] == DIAGNOSIS_RESPONSE)[6] == 0
    assert till.ask({0: TOTALS}, lambda m: m[0] == TOTALS_RESPONSE)[1] == open_period[1]
    # The other one's payment was never in doubt.
    assert till.request({0: ABORT, 1: "theirs-1"})[3]
    end = till.event("theirs-1", final=True)
    assert end[9] == 5 and end[4] > 10**12
    assert watcher.event("theirs-1", final=True) == end


def test_removed_it_is_out_at_once(world):
    kiosk, till, watcher = world
    listed = subprocess.run(
        [kiosk.firmware, "pair", "list", "--state", "state"], cwd=kiosk.folder.name,
        capture_output=True, text=True, check=True).stdout
    key = next(line.split()[0] for line in listed.splitlines() if line.endswith("office"))
    kiosk.tillgate("pair", "remove", key, "--state", "state")
    watcher.send({0: DIAGNOSIS})
    assert watcher.pump(2, lambda m: m[0] == DIAGNOSIS_RESPONSE) is None
    assert till.ask({0: DIAGNOSIS}, lambda m: m[0] == DIAGNOSIS_RESPONSE)[0] == DIAGNOSIS_RESPONSE
