"""Pays at the real program with a register that was written from docs/PROTOCOL.md alone (till.py)."""

import binascii
import os
import time

import pytest
from cbor2 import dumps
from pycddl import Schema

from kiosk import CARD, CHIP_CARD, Kiosk
from till import (ABORT, CHOICE, CODE, DIAGNOSIS, DIAGNOSIS_RESPONSE, EVENT, OUTCOME, PAYMENT, STATUS,
                  STATUS_RESPONSE, TOTALS, TOTALS_RESPONSE, Till, content_of)

SALE, REFUND, REVERSAL, ACQUISITION, TAB, COMPLETION = range(1, 7)
CAPTURED, APPROVED, PARTLY, DECLINED, ABORTED, TIMED_OUT, NOT_REPORTED, FAILED = range(1, 9)


@pytest.fixture(scope="module")
def world(firmware):
    secret = os.urandom(32)
    kiosk = Kiosk(firmware, secret)
    till = Till(kiosk.line, secret, kiosk.controller, kiosk.record_key)
    yield kiosk, till
    said = kiosk.close()
    for card in (CARD, CHIP_CARD):
        assert card[:16] not in said


def request(reference, kind=SALE, amount=1000, seconds=20, **keys):
    message = {0: PAYMENT, 1: reference, 2: amount, 3: 978, 4: 2, 5: seconds, 6: 1}
    if kind != SALE:
        message[7] = kind
    message.update({int(key[1:]): value for key, value in keys.items()})
    return message


def accepted(till, message):
    answer = till.request(message)
    assert answer[3] is True, answer


def refused(till, message):
    answer = till.request(message)
    assert answer[3] is False
    return answer[4]


def swiped(world, reference, outcome=CAPTURED):
    kiosk, till = world
    for _ in range(5):
        before = len(till.heard)
        kiosk.swipe()
        till.pump(3, lambda m: m[0] == EVENT and m[2] in (5, 6))
        if any(m[0] == EVENT and m[2] == 5 for m in till.heard[before:]):
            break
    return till.record(reference, CAPTURED)


def complete(world, message, outcome=APPROVED, **report):
    """To the end: both sides must say the same, in the event, the record and the status."""
    kiosk, till = world
    reference = message[1]
    accepted(till, message)
    card = swiped(world, reference) if message[6] else None
    answer = {0: OUTCOME, 1: reference, 2: outcome, 3: report.get("reason", 0)}
    if "amount" in report:
        answer[4] = report["amount"]
    if "approval" in report:
        answer[5] = report["approval"]
    accepted(till, answer)
    end = till.event(reference, final=True)
    closing = till.record(reference, outcome)
    assert end[9] == outcome == closing[10] and end[3] == closing[32] == answer[3]
    assert closing.get(33) == (card[2] if card else None)
    status = till.ask(
        {0: STATUS, 1: reference}, lambda m: m[0] == STATUS_RESPONSE and m[1] == reference)
    assert status[2] == 2 and status[4] == closing[2] and status[3] == till.origin
    return closing


def test_a_sale_that_ends_with_the_capture_as_an_older_register_makes_it(world):
    kiosk, till = world
    accepted(till, request("old-1"))
    till.event("old-1", kind=1)
    swiped(world, "old-1")
    end = till.event("old-1", final=True)
    assert end[2] == 5 and end[9] == CAPTURED
    record = till.record("old-1", CAPTURED)
    assert record[6] == [1000, 978, 2] and record[11] == "411111******1111"


def test_a_sale_is_approved(world):
    kiosk, till = world
    closing = complete(world, request("sale-1", k9=30), approval="123456")
    assert closing[6] == [1000, 978, 2] and closing[39] == "123456" and closing[5] == SALE
    steps = [m[2] for m in till.heard if m[0] == EVENT and m.get(1) == "sale-1"]
    assert steps == [1, 3, 5, 12, 13]
    times = [m[7] for m in till.heard if m[0] == EVENT and m.get(1) == "sale-1"]
    assert times == sorted(times)


def test_every_outcome_ends_a_sale(world):
    kiosk, till = world
    assert complete(world, request("part-1", k9=30), PARTLY, amount=400)[6] == [400, 978, 2]
    assert complete(world, request("no-1", k9=30), DECLINED, reason=5)[32] == 5
    complete(world, request("bad-1", k9=30), FAILED, reason=0x66)


def test_a_sale_is_refunded_and_reversed_once(world):
    kiosk, till = world
    complete(world, request("sale-2", k9=30))
    closing = complete(world, request("back-1", REFUND, 300, k8="sale-2", k9=30, k6=0))
    assert closing[5] == REFUND and closing[35] == "sale-2"
    complete(world, request("back-2", REFUND, 300, k9=30))
    complete(world, request("undo-1", REVERSAL, k8="sale-2", k9=30, k6=0))
    assert refused(till, request("undo-2", REVERSAL, k8="sale-2", k9=30, k6=0)) == 0xB4


def test_a_tab_is_opened_and_completed_with_a_tip(world):
    kiosk, till = world
    complete(world, request("tab-1", TAB, 5000, k9=30, k12="7", k13="C-1"))
    closing = complete(
        world, request("done-1", COMPLETION, 4200, k6=0, k8="tab-1", k9=30, k11=[1, 1000], k12="7"))
    assert closing[6][0] == 4620 and closing[34] == 420 and closing[36] == "7"
    assert refused(till, request("done-2", COMPLETION, k6=0, k8="tab-1", k9=30)) == 0xB8


def test_a_check_is_split(world):
    parts = [
        complete(world, request(f"part-of-{n}", amount=700, k9=30, k13="C-2", k14=[n, 3]))
        for n in (1, 2, 3)]
    assert [part[38] for part in parts] == [[1, 3], [2, 3], [3, 3]]
    assert sum(part[6][0] for part in parts) == 2100


def test_a_tip_is_asked_for(world):
    kiosk, till = world
    accepted(till, request("tip-1", k9=30, k11=[2, 30]))
    till.event("tip-1", kind=11)
    accepted(till, {0: CHOICE, 1: "tip-1", 2: 150})
    assert till.event("tip-1", kind=1)[10] == 1150
    assert swiped(world, "tip-1")[6][0] == 1150
    accepted(till, {0: OUTCOME, 1: "tip-1", 2: APPROVED, 3: 0})
    assert till.record("tip-1", APPROVED)[34] == 150


def test_a_card_is_only_read(world):
    assert complete(world, request("read-1", ACQUISITION, 0, k9=30))[5] == ACQUISITION


def test_a_sale_is_abandoned_before_and_after_the_card(world):
    kiosk, till = world
    accepted(till, request("stop-1", k9=30))
    accepted(till, {0: ABORT, 1: "stop-1"})
    assert till.event("stop-1", final=True)[9] == ABORTED
    assert 33 not in till.record("stop-1", ABORTED)
    accepted(till, request("stop-2", k9=30))
    card = swiped(world, "stop-2")
    accepted(till, {0: ABORT, 1: "stop-2"})
    assert till.record("stop-2", ABORTED)[33] == card[2]


def test_time_runs_out_without_a_card_and_without_a_report(world):
    kiosk, till = world
    accepted(till, request("late-1", seconds=1, k9=30))
    assert till.event("late-1", final=True)[9] == TIMED_OUT
    till.record("late-1", TIMED_OUT)
    accepted(till, request("late-2", k9=1))
    swiped(world, "late-2")
    assert till.event("late-2", final=True)[9] == NOT_REPORTED
    till.record("late-2", NOT_REPORTED)
    assert refused(till, {0: OUTCOME, 1: "late-2", 2: APPROVED, 3: 0}) == 0x83


def test_an_unreadable_card_is_swiped_again(world):
    kiosk, till = world
    accepted(till, request("again-1", k9=30))
    kiosk.swipe(scratched=True)
    event = till.event("again-1", kind=6)
    assert event[6] == 0x21 and event[8] == 1
    swiped(world, "again-1")
    accepted(till, {0: OUTCOME, 1: "again-1", 2: APPROVED, 3: 0})
    till.record("again-1", APPROVED)


def test_limits_currencies_and_chip_cards_are_as_the_register_says(world):
    kiosk, till = world
    assert refused(till, request("high-1", amount=5001, k9=30, k10=[[1, 5000]])) == 0xC3
    assert refused(till, request("yen-1", k3=392)) == 0x6F
    assert refused(till, request("other-1", k6=8)) == 0xC5  # no such method
    assert refused(till, request("tap-1", k6=2)) == 0xE2  # a reader that does not answer
    accepted(till, request("chip-1", k9=30, k15=2))
    kiosk.swipe(CHIP_CARD)
    event = till.event("chip-1", kind=6)
    assert event[3] == 0x7E and event[6] == 0x1C
    swiped(world, "chip-1")
    accepted(till, {0: OUTCOME, 1: "chip-1", 2: APPROVED, 3: 0})
    till.record("chip-1", APPROVED)


def test_a_scanned_code_becomes_a_record_and_the_customer_reads_french(world):
    kiosk, till = world
    accepted(till, request("code-1", k6=4, k17="fr"))
    assert kiosk.shown() == ["Présentez votre code", "10,00 EUR"]
    for piece in (b"]Q11345", b"67890123456789", b"\r\n"):
        kiosk.scan(piece)
        time.sleep(0.005)
    record = till.record("code-1", CAPTURED)
    assert (record[9], record[11], record[12]) == (3, "13********6789", [67, "10-15, 18"])
    assert 15 not in record and 17 not in record
    accepted(till, request("code-2", k6=5))
    kiosk.scan(b"134567890123456789\r")
    event = till.event("code-2", kind=6)
    assert (event[3], event[6]) == (0x6E, 0x81)
    assert kiosk.shown() == ["Code already used", "10.00 EUR"]
    swiped(world, "code-2")


TEMPLATE = (
    "00020129300012D156000000000510A93FO3230Q5204581253039785802DE5909CAFE TEST6006BERLIN6304184A")


def fields(text):
    """EMVCo's fields: two digits of a number, two of a length, the value."""
    found = {}
    while text:
        number, length = text[:2], int(text[2:4])
        found[number], text = text[4:4 + length], text[4 + length:]
    return found


def test_a_code_that_the_merchant_shows_is_made_out_for_one_payment(world, blocks):
    _, till = world

    def code(amount=1250, reference="code-9", template=TEMPLATE, currency=978, places=2):
        message = {0: CODE, 1: reference, 2: amount, 3: currency, 4: places, 5: template}
        Schema(blocks["messages"]).validate_cbor(dumps(message))
        answer = till.request(message)
        Schema(blocks["messages"]).validate_cbor(dumps(answer))
        return answer

    for amount, text in [(1250, "12.50"), (1, "0.01"), (10**11, "1000000000.00")]:
        answer = code(amount)
        assert answer[3] is True and answer[4] == 0
        payload = answer[5]
        crc = binascii.crc_hqx(payload[:-4].encode(), 0xFFFF)
        assert payload[-8:] == f"6304{crc:04X}"
        made, given = fields(payload), fields(TEMPLATE)
        assert (made.pop("01"), made.pop("54")) == ("12", text)
        assert fields(made.pop("62")) == {"05": "code-9"}
        del made["63"], given["63"]
        assert made == given
    assert code(template=TEMPLATE[:-1] + "B")[4] == 0x73
    assert code(template="no code")[4] == 0x73
    assert code(currency=840)[4] == code(currency=392)[4] == 0x6F
    assert code(0)[4] == code(10**13)[4] == 0xC3
    assert code(reference="r" * 26)[4] == 0x83
    # A payment that is open does not mind.
    accepted(till, request("code-10", k9=30))
    assert code()[3] is True
    accepted(till, {0: ABORT, 1: "code-10"})


def test_a_register_that_takes_parity_puts_records_right(world):
    kiosk, till = world
    repeats = till.ask({0: DIAGNOSIS}, lambda m: m[0] == DIAGNOSIS_RESPONSE)[7][7]
    assert till.with_parity == 0
    till.parity = True
    till.connect()

    def noisy(data):
        if len(data) < 200:
            return data
        assert content_of(data) is None  # as a register without parity would hear it
        spoilt = bytearray(data)
        for place in range(20, 130 if len(data) < 256 else 220, 29):  # four bytes, or seven
            spoilt[place] = 0x11 if spoilt[place] != 0x11 else 0x12
        return bytes(spoilt)

    till.heard_between_zeros = noisy
    complete(world, request("noisy-1", k9=30))
    del till.heard_between_zeros
    assert till.with_parity >= 1  # the card's record; the closing one may be too short for it
    assert till.ask({0: DIAGNOSIS}, lambda m: m[0] == DIAGNOSIS_RESPONSE)[7][7] == repeats


def test_totals_are_what_was_taken_and_are_closed_once(world, blocks):
    kiosk, till = world
    totals = till.ask({0: TOTALS}, lambda m: m[0] == TOTALS_RESPONSE)
    Schema(blocks["messages"]).validate_cbor(dumps(totals))
    assert totals[2] is False
    want = {}
    for record in till.records:
        if record[10] in (APPROVED, PARTLY):
            row = want.setdefault((record[5], 33 in record), [0, 0])
            row[0] += 1
            row[1] += record[6][0]
    have = {}
    for method, kind, currency, is_approved, count, amount in totals[4]:
        if is_approved:
            have[kind, method == 1] = [count, amount]
            assert currency == 978
    assert have == want
    ends = [sum(r[10] == outcome for r in till.records) for outcome in range(2, 9)]
    assert totals[5][1:] == ends
    closed = [till.ask({0: TOTALS, 1: totals[1]}, lambda m: m[0] == TOTALS_RESPONSE and m[2])
              for _ in range(2)]
    assert closed[0] == closed[1] and closed[0][4] == totals[4]
    after = till.ask({0: TOTALS}, lambda m: m[0] == TOTALS_RESPONSE and not m[2])
    assert after[1] == [totals[1][0], totals[1][1] + 1] and after[4] == []


def test_diagnosis_counts_what_happened(world, blocks):
    kiosk, till = world
    diagnosis = till.ask({0: DIAGNOSIS}, lambda m: m[0] == DIAGNOSIS_RESPONSE)
    Schema(blocks["messages"]).validate_cbor(dumps(diagnosis))
    captured = [record[9] for record in till.records if record[10] == CAPTURED]
    unreadable = 0
    for (method, reads, _, failures, others), mode in zip(diagnosis[8], (90, 7, 3), strict=True):
        assert reads == captured.count(mode), method
        unreadable += sum(count for _, count in failures) + others
    assert unreadable == sum(m[0] == EVENT and m[2] == 6 for m in till.heard)
    assert diagnosis[8][2][3] == [[0x6E, 1]]
    assert diagnosis[7][3:5] == [0, 0] and diagnosis[6] == 0
