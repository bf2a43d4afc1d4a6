"""`bench register` at the real program: a script that pays in JSON lines, and the live view, whose screen
pyte (a terminal of somebody else's) reads."""

import json
import os
import pty
import select
import subprocess
import time

import pyte


def command(till, *options):
    bench = os.environ.get("BENCH")
    assert bench and os.access(bench, os.X_OK), "set BENCH to the built bench"
    return [bench, "register", till.line, "--keys", till.keys, "--records", till.records, *options]


def run(till, script):
    """Plays a script, swiping at every step that awaits a card; the exit status and all lines."""
    program = subprocess.Popen(command(till, "--script"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    program.stdin.write(script)
    program.stdin.close()
    said = []
    for line in program.stdout:
        said.append(json.loads(line))
        if said[-1].get("step") in ("waiting for card", "card not readable"):
            till.kiosk.swipe()
    return program.wait(20), said


def only(said, kind):
    return [line for line in said if line["type"] == kind]


def test_a_script_pays_refunds_and_closes(till):
    status, said = run(till, """
# A sale with a tip, part of it given back, and the end of the day.
pay 12.50 ref=sale-1 tip=10% table=7
wait authorising
report approved code=A1
wait end
pay 3 ref=back-1 kind=refund original=sale-1 methods=none
wait authorising
y B2
wait end
status sale-1
diagnosis
close
""")
    assert status == 0, said
    assert [line["reference"] for line in only(said, "asked")] == ["sale-1", "back-1"]
    ends = [line for line in only(said, "step") if line["final"]]
    assert [(line["reference"], line["outcome"], line["amount"]) for line in ends] == [
        ("sale-1", "approved", 1375), ("back-1", "approved", 300)]
    records = [line["record"] for line in only(said, "record")]
    assert [record["outcome"] for record in records] == [1, 2, 2]
    assert records[1]["approval"] == "A1" and records[1]["tip"] == 125
    assert records[1]["amount"] == [1375, 978, 2] and records[1]["table"] == "7"
    assert records[2]["original"] == "sale-1"
    assert only(said, "status")[0]["state"] == "processed"
    assert only(said, "copy")[0]["record"] == records[1]
    assert only(said, "totals")[-1]["closed"] is True
    assert only(said, "diagnosis")[0]["readers"][0][1] == 1
    times = [line["at"] for line in said]
    assert times == sorted(times)


def test_its_exit_status_says_how_it_went(till):
    assert run(till, "pay 1 ref=no\nwait authorising\nn\n")[0] == 1
    status, said = run(till, "pay 1.234\nfly\npay 1 kind=reversal\n")
    assert status == 2 and len(only(said, "mistake")) == 3 and not only(said, "asked")
    assert run(till, "pay 1 ref=no outcome=none\n")[0] == 1  # a reference that is known
    assert run(till, "")[0] == 0


class Screen:
    """The live view in a terminal of 80 columns and 24 rows."""

    def __init__(self, till):
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)
        child, self.terminal = pty.fork()
        if child == 0:
            words = command(till)
            os.environ.update(TERM="xterm")
            os.execv(words[0], [str(word) for word in words])
        self.child = child

    def wait(self, text, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(text in row for row in self.screen.display):
                return
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.stream.feed(os.read(self.terminal, 4096))
        raise TimeoutError(f"no '{text}' on\n" + "\n".join(self.screen.display))

    def type(self, line):
        os.write(self.terminal, line.encode() + b"\n")

    def close(self):
        self.type("q")
        _, status = os.waitpid(self.child, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)


def test_the_live_view_shows_each_step(till):
    screen = Screen(till)
    screen.wait("session up")
    screen.type("pay 12.50 ref=live-1")
    screen.wait("customer: insert or swipe card")
    till.kiosk.swipe()
    screen.wait("authorising")
    display = screen.screen.display
    assert display[2].startswith("live-1  sale  12.50 EUR")
    assert "waiting for card > reading > captured > authorising" in display[4]
    screen.type("y 77")
    screen.wait("APPROVED 12.50 EUR")
    screen.wait("record 1 stored, live-1, approved")
    screen.wait("customer: approved")
    screen.type("fly")
    screen.wait("'fly' is no order")
    assert screen.screen.display[-1].startswith(">")
    assert screen.close() == 0
