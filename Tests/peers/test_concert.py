"""pyTeliumManager, a till's side of Concert's protocol E+, pays at our adapter over a pseudo-terminal."""

import os
import pty
import subprocess
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
