"""libnfc's nfc-list and nfcpy talk to our virtual PN532: programs that were written for the real
one judge that it is a faithful one."""

import json
import os
import pathlib
import re
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def bench():
    path = os.environ.get("BENCH")
    assert path and os.access(path, os.X_OK), "set BENCH to the built bench"
    return path


@pytest.fixture
def chip(bench):
    """Starts a chip with the named cards; returns its terminal and a way to say more."""
    programs = []

    def start(*cards):
        program = subprocess.Popen(
            # Killed when we are; by itself it would serve on.
            ["setpriv", "--pdeathsig", "KILL", "--", bench, "pn532", *(("--card", *cards) if cards else ())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        programs.append(program)
        path = program.stdout.readline().strip()
        assert path.startswith("/dev/"), path

        def say(line):
            program.stdin.write(line + "\n")
            program.stdin.flush()
            said = []
            while (word := program.stdout.readline().strip()) != "ok":
                assert word, "the chip ended"
                said.append(word)
            return said

        return path, say

    yield start
    for program in programs:
        program.stdin.write("quit\n")
        program.stdin.close()
        assert program.wait(10) == 0


def nfcpy_device(path):
    """nfcpy flushes its port right behind the acknowledgement of a new rate. A UART has those bytes
    in its FIFO by then; a pseudoterminal throws away what the kernel has not carried over yet, so
    here the port is closed a little later."""
    import nfc.clf.pn532
    import nfc.clf.transport

    class Terminal(nfc.clf.transport.TTY):
        def close(self):
            if self.tty is not None:
                time.sleep(0.02)
            super().close()

    return nfc.clf.pn532.init(Terminal(path))


def nfc_list(path):
    done = subprocess.run(
        ["nfc-list"], capture_output=True, text=True, timeout=60,
        env=os.environ | {"LIBNFC_DEFAULT_DEVICE": f"pn532_uart:{path}"})
    return done.stdout + done.stderr


def test_nfc_list_finds_a_payment_card(chip):
    path, _ = chip("visa")
    said = nfc_list(path)
    assert "1 ISO14443A passive target(s) found" in said, said
    assert re.search(r"UID \(NFCID\d\): 08\s+1a\s+2b\s+3c", said), said
    assert re.search(r"SAK \(SEL_RES\): 20", said), said
    assert re.search(r"ATS: 78\s+80\s+70\s+02", said), said


def test_nfc_list_finds_a_ticket_and_nothing(chip):
    path, say = chip("ticket")
    assert re.search(r"SAK \(SEL_RES\): 08", nfc_list(path))
    say("remove")
    assert "passive target(s) found" not in nfc_list(path)


def test_nfcpy_reads_the_directory_of_a_payment_card(chip):
    path, say = chip("mastercard")
    import nfc.clf

    device = nfcpy_device(path)
    try:
        target = device.sense_tta(nfc.clf.RemoteTarget("106A"))
        assert target is not None
        assert bytes(target.sdd_res) == bytes.fromhex("081a2b3c")
        assert bytes(target.sel_res) == b"\x20"
        ats = device.send_cmd_recv_rsp(target, bytes.fromhex("e080"), 1.0)
        assert bytes(ats) == bytes.fromhex("0578807002")
        select = bytes.fromhex("00a404000e325041592e5359532e444446303100")
        answer = bytes(device.send_cmd_recv_rsp(target, b"\x02" + select, 1.0))
        assert answer[0] == 2 and answer[-2:] == b"\x90\x00"
        assert bytes.fromhex("4f07a0000000041010") in answer
        say("remove")
        assert device.sense_tta(nfc.clf.RemoteTarget("106A")) is None
    finally:
        device.close()


def test_the_host_rates_are_followed(chip):
    """nfcpy raises the rate to 921600 and lowers it again: at a wrong rate nothing would answer."""
    path, say = chip("visa")
    for _ in range(2):
        device = nfcpy_device(path)
        device.close()
    log = "\n".join(say("log")).lower()
    assert "d41007" in log and "d41004" in log


BOARD = """[board]
name = seen
model = A virtual one
[stripe]
kind = f2f
source = stream
stream = stripe.edges
[contactless]
port = {port}
max_baud = 921600
[register]
port = register.tty
[storage]
directory = state
"""


def doctor(folder, port):
    """What the firmware's doctor finds of the reader at `port`: level and code by what it is about."""
    (folder / "board.ini").write_text(BOARD.format(port=port))
    done = subprocess.run(
        [os.path.abspath(os.environ["FIRMWARE"]), "doctor", "board.ini", "--json"], cwd=folder,
        capture_output=True, text=True, timeout=60)
    findings = json.loads(done.stdout)["findings"]
    return [(f["level"], f["code"]) for f in findings if f["check"] == "reader"]


def test_the_doctor_asks_the_chip(chip, tmp_path):
    path, say = chip()
    assert doctor(tmp_path, path) == [("ok", "reader")]
    # It was left at the fast rate, and is found again.
    assert doctor(tmp_path, path) == [("ok", "reader")]
    # SetSerialBaudRate (code 10 hexadecimal) to 921600 (code 7).
    assert any("D41007" in line.replace(" ", "") for line in say("log"))


def test_the_doctor_says_that_nobody_answers(tmp_path):
    near, far = os.openpty()
    assert doctor(tmp_path, os.ttyname(far)) == [("fault", "reader.silent")]
    os.close(near)
    os.close(far)
