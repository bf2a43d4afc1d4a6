"""Dialogues that no card of ours has given, written here from EMV's books: what the reader makes of cards
that are odd, by `bench card`. The cards answer with published test numbers."""

import json
import os
import subprocess

import pytest


def tlv(tag, value):
    value = bytes.fromhex(value) if isinstance(value, str) else value
    length = bytes([len(value)])
    if len(value) > 255:
        length = bytes([0x82]) + len(value).to_bytes(2, "big")
    elif len(value) > 127:
        length = bytes([0x81]) + length
    return bytes.fromhex(tag) + length + value


def ppse(*applications):
    """Applications as (name, priority) in the directory's order."""
    entries = b"".join(
        tlv("61", tlv("4F", name) + (tlv("87", priority) if priority else b""))
        for name, priority in applications)
    return tlv("6F", tlv("84", b"2PAY.SYS.DDF01") + tlv("A5", tlv("BF0C", entries)))


def selected(name, pdol=""):
    inside = tlv("50", b"TEST") + (tlv("9F38", pdol) if pdol else b"")
    return tlv("6F", tlv("84", name) + tlv("A5", inside))


def select(name):
    data = bytes.fromhex(name) if isinstance(name, str) else name
    return bytes.fromhex("00A40400") + bytes([len(data)]) + data + b"\0"


PPSE = select(b"2PAY.SYS.DDF01")
GPO, AC = bytes.fromhex("80A8000002830000"), bytes.fromhex("80AE8000" "00" "00")
NOT_FOUND = "6A82"
VISA, MASTERCARD, AMEX = "A0000000031010", "A0000000041010", "A00000002501"
DISCOVER, JCB, UNIONPAY = "A0000001523010", "A0000000651010", "A000000333010102"
DEBIT_US, MAESTRO = "A0000000980840", "A0000000043060"


def record(file, number):
    return bytes([0x00, 0xB2, number, file << 3 | 4, 0])


def track(number, rest="D28122010000000000"):
    digits = number + rest
    return digits + ("F" if len(digits) % 2 else "")


def online(number, data="", issuer="06011203A00000", cid=True):
    """What a card says that gives its cryptogram with its options."""
    return (tlv("82", "2000") + tlv("57", track(number)) + tlv("9F36", "0007")
            + tlv("9F26", "0102030405060708") + tlv("9F10", issuer)
            + (tlv("9F27", "80") if cid else b"") + bytes.fromhex(data))


def records(number, cdol="9F02069F3704"):
    return tlv("70", tlv("57", track(number)) + tlv("8C", cdol) + tlv("5F34", "01"))


CRYPTOGRAM = tlv("77", tlv("9F27", "80") + tlv("9F36", "0102") + tlv("9F26", "1122334455667788")
                 + tlv("9F10", "0110A00003220000000000000000000000FF"))
FORMAT_1 = tlv("80", "80" "0102" "1122334455667788" "0110A0000322000000000000")
NUMBERS = {
    VISA: "4761739001010010", MASTERCARD: "5413330089020011", AMEX: "378282246310005",
    DISCOVER: "6011000990139424", JCB: "3530111333300000", UNIONPAY: "6240008631401148",
    DEBIT_US: "4761739001010010", MAESTRO: "5413330089020011",
}


def qualified(name, **more):
    """Directory, application, cryptogram with the options."""
    return [(PPSE, ppse((name, "01"))), (select(name), selected(name)),
            (GPO, tlv("77", online(NUMBERS[name], **more)))]


def generated(name, options=None, cryptogram=CRYPTOGRAM, profile="1980", answer=None):
    """Directory, application, options, record, GENERATE AC."""
    options = options or tlv("77", tlv("82", profile) + tlv("94", "08010100"))
    return [(PPSE, ppse((name, "01"))), (select(name), selected(name)), (GPO, options),
            (record(1, 1), answer or records(NUMBERS[name])), (AC, cryptogram)]


GOOD = {
    "Visa, cryptogram with the options": (qualified(VISA), "visa"),
    "Visa without 9F27: the issuer's data say it": (qualified(VISA, cid=False, issuer="06011203A00000"), "visa"),
    "Mastercard": (generated(MASTERCARD), "mastercard"),
    "Mastercard, both answers in format 1": (
        generated(MASTERCARD, tlv("80", "1980" "08010100"), FORMAT_1), "mastercard"),
    "Amex": (generated(AMEX), "amex"),
    "Discover": (qualified(DISCOVER), "discover"),
    "JCB": (generated(JCB), "jcb"),
    "UnionPay": (qualified(UNIONPAY), "unionPay"),
    "JCB with a cryptogram in its options": (qualified(JCB), "jcb"),
    "no directory: the third name of the list is there": (
        [(PPSE, NOT_FOUND), (select(AMEX), selected(AMEX))] + generated(AMEX)[2:], "amex"),
    "the directory's first application is blocked, its second is taken": (
        [(PPSE, ppse((VISA, "02"), (MASTERCARD, "01"))), (select(MASTERCARD), "6283"),
         (select(VISA), selected(VISA)), (GPO, tlv("77", online(NUMBERS[VISA])))], "visa"),
    "the options of the first are refused with 6985, the second is taken": (
        [(PPSE, ppse((MASTERCARD, "01"), (VISA, "02"))),
         (select(MASTERCARD), selected(MASTERCARD)), (GPO, "6985"),
         (select(VISA), selected(VISA)), (GPO, tlv("77", online(NUMBERS[VISA])))], "visa"),
    "an application of no scheme that we take comes first": (
        [(PPSE, ppse(("A0000002771010", "01"), (MASTERCARD, "02")))] + generated(MASTERCARD)[1:],
        "mastercard"),
    "recorded with both applications, each with its own options": (
        [(PPSE, ppse((VISA, "02"), (MASTERCARD, "01"))), (select(VISA), selected(VISA)),
         (GPO, tlv("77", online(NUMBERS[VISA])))] + generated(MASTERCARD)[1:], "mastercard"),
    "a name in the directory that is the beginning of the application's": (
        [(PPSE, ppse((VISA, "01"))), (select(VISA), selected(VISA + "01")),
         (GPO, tlv("77", online(NUMBERS[VISA])))], "visa"),
    "padding between the objects, and objects that nobody knows": (
        qualified(VISA, data="00009F7F02AAAADF810102BBBB"), "visa"),
    "track 2 and a card number that agree": (
        generated(MASTERCARD, answer=tlv(
            "70", tlv("5A", NUMBERS[MASTERCARD]) + tlv("57", track(NUMBERS[MASTERCARD]))
            + tlv("8C", "9F0206"))), "mastercard"),
    "two records of two files, certificates in a third": (
        [(PPSE, ppse((MASTERCARD, "01"))), (select(MASTERCARD), selected(MASTERCARD)),
         (GPO, tlv("77", tlv("82", "1980") + tlv("94", "080101001001010118010100"))),
         (record(1, 1), records(NUMBERS[MASTERCARD])),
         (record(2, 1), tlv("70", tlv("5F28", "0276"))),
         (record(3, 1), tlv("70", tlv("90", b"\x5a" * 176))), (AC, CRYPTOGRAM)], "mastercard"),
}


def failing(steps, status):
    return steps[:-1] + [(steps[-1][0], status)]


BAD = {
    "no directory and no application": ([(PPSE, NOT_FOUND)], "no application"),
    "a directory of strangers": ([(PPSE, ppse(("A0000002771010", "01")))], "no application"),
    "6985 at the only application": (failing(qualified(VISA), "6985"), "no application"),
    "6984 at the options": (failing(qualified(VISA), "6984"), "another interface"),
    "6986 at the options": (failing(qualified(VISA), "6986"), "look at the device"),
    "6984 at the cryptogram": (failing(generated(MASTERCARD), "6984"), "another interface"),
    "6986 at the cryptogram": (failing(generated(MASTERCARD), "6986"), "look at the device"),
    "6985 at the cryptogram": (failing(generated(MASTERCARD), "6985"), "status 6985"),
    "6A81 at the options": (failing(qualified(VISA), "6A81"), "status 6A81"),
    "a record that is not there": (
        [step for step in generated(MASTERCARD) if step[0][1] != 0xB2], "status 6A82"),
    "an AAC": (generated(MASTERCARD, cryptogram=tlv(
        "77", tlv("9F27", "00") + tlv("9F36", "0102") + tlv("9F26", "1122334455667788"))), "AAC"),
    "a TC that nobody asked for": (generated(MASTERCARD, cryptogram=tlv(
        "77", tlv("9F27", "40") + tlv("9F36", "0102") + tlv("9F26", "1122334455667788"))),
        "contradicts itself in 9F27"),
    "a Mastercard of magnetic-stripe mode only": (
        generated(MASTERCARD, profile="1900"), "another interface"),
    "a Mastercard that does not say what its cryptogram is": (
        generated(MASTERCARD, cryptogram=tlv(
            "77", tlv("9F36", "0102") + tlv("9F26", "1122334455667788")
            + tlv("9F10", "0110A00003220000000000000000000000FF"))), "did not give 9F27"),
    "a card number unlike track 2's": (
        generated(MASTERCARD, answer=tlv(
            "70", tlv("5A", NUMBERS[VISA]) + tlv("57", track(NUMBERS[MASTERCARD]))
            + tlv("8C", "9F0206"))), "contradicts itself in 5A"),
    "the same object twice in one answer": (
        qualified(VISA, data="9F36020008"), "gave 9F36"),
    "no track 2 and no number": (
        generated(MASTERCARD, answer=tlv("70", tlv("8C", "9F0206"))), "did not give 57"),
    "no CDOL1": (
        generated(MASTERCARD, answer=tlv("70", tlv("57", track(NUMBERS[MASTERCARD])))),
        "did not give 8C"),
    "no AIP": (generated(MASTERCARD, tlv("77", tlv("94", "08010100"))), "did not give 82"),
    "a cryptogram of seven bytes": (generated(MASTERCARD, cryptogram=tlv(
        "77", tlv("9F27", "80") + tlv("9F36", "0102") + tlv("9F26", "11223344556677"))),
        "contradicts itself in 9F26"),
    "an AFL that is cut short": (
        generated(MASTERCARD, tlv("77", tlv("82", "1980") + tlv("94", "080101"))), ""),
    "an AFL that ends before it begins": (
        generated(MASTERCARD, tlv("77", tlv("82", "1980") + tlv("94", "08020100"))), ""),
    "options in no template": (generated(MASTERCARD, tlv("82", "1980")), "another template"),
    "options cut short": (generated(MASTERCARD, tlv("77", "82021980" "94")[:-1]), "BER-TLV"),
    "a record in another template": (
        generated(MASTERCARD, answer=tlv("71", tlv("57", "00"))), "another template"),
    "a number that is none": (
        generated(MASTERCARD, answer=tlv("70", tlv("57", "54A3330089020011D2812201")
                                         + tlv("8C", "9F0206"))), "contradicts itself in 57"),
    "a PDOL that wants more than there is room for": (
        [(PPSE, ppse((VISA, "01"))), (select(VISA), selected(VISA, "9F02FF9F02FF")),
         (GPO, tlv("77", online(NUMBERS[VISA])))], "more than a card may"),
}


def run(steps, as_text=False):
    def whole(answer):
        return answer if isinstance(answer, str) else answer.hex() + "9000"
    pairs = [(command.hex(), whole(answer)) for command, answer in steps]
    if as_text:
        file = "".join(f"> {command}\n< {answer}\n" for command, answer in pairs)
    else:
        file = json.dumps({"apdus": [{"cmd": c, "resp": a} for c, a in pairs]})
    done = subprocess.run(
        [os.environ["BENCH"], "card", "--json", "-"], input=file, capture_output=True, text=True,
        timeout=60)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("name", GOOD)
def test_a_card_is_read(name, as_text):
    steps, scheme = GOOD[name]
    status, result = run(steps, as_text)
    assert (status, result["outcome"], result["scheme"]) == (0, "read", scheme), result
    generate = [step["sent"] for step in result["steps"] if step["command"] == "GENERATE AC"]
    assert all(command[:8] == "80AE8000" for command in generate)


@pytest.mark.parametrize("name", BAD)
def test_a_card_is_refused_and_the_reason_named(name):
    steps, reason = BAD[name]
    status, result = run(steps)
    assert status == 1 and reason in result["outcome"], result


@pytest.mark.parametrize("name", ["Mastercard", "Visa, cryptogram with the options", "Amex"])
def test_a_card_whose_answer_is_empty_anywhere_is_refused(name):
    steps, _ = GOOD[name]
    for length in range(len(steps)):
        status, result = run(steps[:length] + [(steps[length][0], b"")])
        assert status == 1 and result["outcome"], result
