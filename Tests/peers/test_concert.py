"""pyTeliumManager, a till's side of Concert's protocol E+, pays at our adapter over a pseudo-terminal,
and at the real program, whose register is Tests/peers/till.py."""

import os
import pathlib
import pty
import select
import subprocess
import threading
import tty

import pytest
from telium import Telium, TeliumAsk
from telium.constant import (
    TERMINAL_ANSWER_SET_FULLSIZED, TERMINAL_ANSWER_SET_SMALLSIZED,
    TERMINAL_FORCE_AUTHORIZATION_DISABLE, TERMINAL_MODE_PAYMENT_CREDIT,
    TERMINAL_MODE_PAYMENT_DEBIT, TERMINAL_NUMERIC_CURRENCY_EUR,
    TERMINAL_REQUEST_ANSWER_INSTANT, TERMINAL_REQUEST_ANSWER_WAIT_FOR_TRANSACTION,
    TERMINAL_TYPE_PAYMENT_CARD, TERMINAL_TYPE_PAYMENT_CHECK,
)

import till as register
from kiosk import ROOT, Kiosk


def asking(
    amount=12.5, answer=TERMINAL_ANSWER_SET_FULLSIZED, kind=TERMINAL_MODE_PAYMENT_DEBIT,
    means=TERMINAL_TYPE_PAYMENT_CARD, delay=TERMINAL_REQUEST_ANSWER_WAIT_FOR_TRANSACTION,
):
    return TeliumAsk(
        "1", answer, kind, means, TERMINAL_NUMERIC_CURRENCY_EUR, delay,
        TERMINAL_FORCE_AUTHORIZATION_DISABLE, amount)


@pytest.fixture
def adapter(peerport):
    terminal, till = pty.openpty()
    tty.setraw(till)
    running = []

    def start(*results):
        program = subprocess.Popen(
            [peerport, "concert", *results], stdin=terminal, stdout=subprocess.PIPE, text=True)
        running.append(program)
        return program, os.ttyname(till)

    yield start
    for program in running:
        program.kill()
        program.wait()
    os.close(terminal)
    os.close(till)


@pytest.mark.parametrize("result, succeeded", [("0", True), ("7", False), ("9", False)])
@pytest.mark.parametrize(
    "answer", [TERMINAL_ANSWER_SET_FULLSIZED, TERMINAL_ANSWER_SET_SMALLSIZED])
def test_a_payment(adapter, result, succeeded, answer):
    program, path = adapter(result)
    till = Telium(path, timeout=5)
    ask = asking(answer=answer)
    assert till.ask(ask)
    assert program.stdout.readline() == "1250 978 sale true\n"
    response = till.verify(ask, waiting_timeout=5)
    assert response.has_succeeded == succeeded
    assert response.transaction_result == int(result)
    assert response.amount == 12.5
    assert response.currency_numeric == TERMINAL_NUMERIC_CURRENCY_EUR
    assert response.pos_number == "01"
    if answer == TERMINAL_ANSWER_SET_FULLSIZED:
        assert response.repport.split() == ["411111******1111"]
    till.close()


def test_a_day_of_payments(adapter):
    program, path = adapter(*["0"] * 50)
    till = Telium(path, timeout=5)
    for number in range(1, 51):
        ask = asking(amount=round(number * 1.01, 2), kind="01"[number % 2])
        assert till.ask(ask)
        kind = ["sale", "refund"][number % 2]
        assert program.stdout.readline() == f"{number * 101} 978 {kind} true\n"
        assert till.verify(ask, waiting_timeout=5).amount == pytest.approx(number * 1.01)
    till.close()


def test_a_cheque_is_refused(adapter):
    program, path = adapter("0")
    till = Telium(path, timeout=5)
    ask = asking(means=TERMINAL_TYPE_PAYMENT_CHECK)
    assert till.ask(ask)
    assert program.stdout.readline() == "means\n"
    assert till.verify(ask, waiting_timeout=5).transaction_result == 7
    till.close()


def test_an_instant_answer_says_nothing_of_the_result(adapter):
    _, path = adapter("0")
    till = Telium(path, timeout=5)
    ask = asking(delay=TERMINAL_REQUEST_ANSWER_INSTANT)
    assert till.ask(ask)
    assert till.verify(ask, waiting_timeout=5).transaction_result == 9
    till.close()


class ConcertKiosk(Kiosk):
    """With a port for an older till, whose end is `till`; `keys` are those of the section."""

    def __init__(self, firmware, secret, keys):
        self.keys = keys
        super().__init__(firmware, secret)

    def start(self):
        path = pathlib.Path(self.folder.name)
        board = (ROOT / "boards/virtual/board.ini").read_text()
        (path / "board.ini").write_text(f"{board}\n[concert]\nport = till.tty\n{self.keys}")
        self.till, self.far_side_of_till = self.device(path / "till.tty")
        self.program = subprocess.Popen(
            [self.firmware, "run", "board.ini"], cwd=path, stdout=self.log, stderr=self.log)


class Counter:
    """The real program between pyTeliumManager's till and our register."""

    def __init__(self, firmware, keys):
        secret = os.urandom(32)
        self.kiosk = ConcertKiosk(firmware, secret, keys)
        self.register = register.Till(
            self.kiosk.line, secret, self.kiosk.controller, self.kiosk.record_key)
        # The library opens a name: a second terminal, joined to the program's.
        self.near, self.far = pty.openpty()
        tty.setraw(self.far)
        threading.Thread(target=self.join, daemon=True).start()
        self.till = Telium(os.ttyname(self.far), timeout=5)
        self.count = 0

    def join(self):
        ends = {self.near: self.kiosk.till, self.kiosk.till: self.near}
        while True:
            for end in select.select(list(ends), [], [])[0]:
                try:
                    os.write(ends[end], os.read(end, 256))
                except OSError:
                    return

    def pay(self, ask, serve):
        """The till asks and waits, `serve` plays the customer and the register meanwhile."""
        answers = []

        def wait():
            assert self.till.ask(ask)
            answers.append(self.till.verify(ask, waiting_timeout=20))

        waiting = threading.Thread(target=wait)
        waiting.start()
        self.count += 1
        name = f"CONCERT-1-{self.count}"
        try:
            serve(name)
        finally:
            waiting.join(30)
        return answers[0]

    def swipe(self, name):
        """Until the card was read: the machine may hold the head's edges up."""
        self.register.event(name, kind=1)
        for _ in range(5):
            self.kiosk.swipe()
            event = self.register.pump(
                3, lambda m: m[0] == register.EVENT and m[2] in (5, 6) and m[1] == name)
            if event and event[2] == 5:
                return
        raise TimeoutError("no swipe was read")

    def close(self):
        self.till.close()
        os.close(self.far)
        said = self.kiosk.close()
        assert "4111111111111111" not in said


@pytest.fixture
def counter(request, firmware):
    counter = Counter(firmware, request.param)
    yield counter
    counter.close()


@pytest.mark.parametrize("counter", ["outcome_s = 20\n"], indirect=True)
def test_the_real_program_accepts_what_the_register_approves(counter):
    def serve(outcome):
        def serve(name):
            counter.swipe(name)
            assert counter.register.record(name, 1)[11] == "411111******1111"
            answer = counter.register.request({0: register.OUTCOME, 1: name, 2: outcome, 3: 0})
            assert answer[3] is True
            assert counter.register.record(name, outcome)[6] == [1250, 978, 2]
        return serve

    for outcome, result in [(2, 0), (4, 7), (2, 0)]:
        answer = counter.pay(asking(), serve(outcome))
        assert (answer.transaction_result, answer.amount) == (result, 12.5)
        assert answer.repport.split() == ["411111******1111"]


@pytest.mark.parametrize("counter", ["outcome_s = 1\ncard_s = 3\n"], indirect=True)
def test_what_nobody_reports_is_not_accepted(counter):
    assert counter.pay(asking(), counter.swipe).transaction_result == 9
    # No card at all.
    refused = counter.pay(asking(), lambda name: counter.register.event(name, kind=8))
    assert refused.transaction_result == 7


@pytest.mark.parametrize("counter", ["accepts = captured\n"], indirect=True)
def test_a_capture_is_accepted_only_where_the_board_says_so(counter):
    assert counter.pay(asking(), counter.swipe).transaction_result == 0
    refund = asking(amount=3.0, kind=TERMINAL_MODE_PAYMENT_CREDIT)
    assert counter.pay(refund, counter.swipe).has_succeeded
    assert [record[5] for record in counter.register.records] == [1, 2]
