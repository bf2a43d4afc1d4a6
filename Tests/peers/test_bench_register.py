"""`bench register` at the real program: a script that pays in JSON lines, and the live view, whose screen
pyte (a terminal of somebody else's) reads."""

import json
import os
import pty
import re
import select
import subprocess
import time

import pyte
from bakong_khqr import KHQR


def command(till, *options):
    bench = os.environ.get("BENCH")
    assert bench and os.access(bench, os.X_OK), "set BENCH to the built bench"
    return [bench, "register", till.line, "--keys", till.keys, "--records", till.records, *options]


def run(till, script, *options):
    """Plays a script, swiping at every step that awaits a card; the exit status and all lines."""
    program = subprocess.Popen(command(till, "--script", *options), stdin=subprocess.PIPE,
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


def test_a_code_that_the_merchant_shows_is_made_out(till, tmp_path):
    template = KHQR().create_qr(
        account_id="shop@test", merchant_name="Shop", merchant_city="Phnom Penh", currency="USD",
        amount=0, static=True).qr
    file = tmp_path / "merchant-code"
    file.write_text(template + "\n")
    script = "code 12.50 ref=K7 currency=USD\ncode 1 ref=wrong currency=EUR\ncode 1.234\n"
    status, said = run(till, script, "--merchant-code", file)
    made, refused = only(said, "answer")
    assert made["accepted"] and made["reference"] == "K7" and made["to"] == "code"
    assert "540512.50" in made["payload"] and "0502K7" in made["payload"]
    assert made["payload"][:-4] != template[:-4]
    assert not refused["accepted"] and "payload" not in refused
    assert len(only(said, "mistake")) == 1 and status == 2
    assert run(till, "code 1\n")[0] == 1  # without a template
    file.write_text("0" * 513)
    done = subprocess.run(command(till, "--script", "--merchant-code", file), input="", text=True,
                          capture_output=True)
    assert done.returncode == 2 and "1 to 512 bytes" in done.stderr


class Pairing:
    """`bench pair` beside `tillgate pair`."""

    def __init__(self, till, keys):
        firmware, folder = till.kiosk.firmware, till.kiosk.folder.name
        self.window = subprocess.Popen([firmware, "pair", "--state", "state"], cwd=folder,
                                       stdout=subprocess.PIPE, text=True)
        words = [os.environ["BENCH"], "pair", till.line, "--keys", keys, "--name", "bench till"]
        self.program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.code = next(filter(None, (re.match(r"code (\d{6})", line)
                                       for line in self.window.stdout)))[1]

    def type(self, text):
        said, _ = self.program.communicate(text, timeout=60)
        self.window.kill()
        self.window.communicate()
        return self.program.returncode, said


def test_it_pairs_with_the_code_that_is_shown(till, tmp_path):
    pairing = Pairing(till, tmp_path / "wrong")
    status, said = pairing.type(f"{(int(pairing.code) + 1) % 1000000:06}\n")
    assert status == 1 and "that was not its code" in said and not (tmp_path / "wrong").exists()
    status, said = Pairing(till, tmp_path / "nothing").type("")
    assert status == 1 and "not typed" in said and not (tmp_path / "nothing").exists()
    till.keys = tmp_path / "paired"
    pairing = Pairing(till, till.keys)
    status, said = pairing.type(f"12345\n{pairing.code[:3]} {pairing.code[3:]}\n")
    assert status == 0 and "six digits" in said and "paired" in said
    assert till.keys.stat().st_mode & 0o777 == 0o600
    assert run(till, "pay 7 ref=after\nwait authorising\ny\nwait end\n")[0] == 0
    again = subprocess.run([os.environ["BENCH"], "pair", till.line, "--keys", till.keys],
                           capture_output=True, text=True)
    assert again.returncode == 2 and "File exists" in again.stderr


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
