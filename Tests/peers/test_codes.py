"""Scanned codes: ber-tlv takes the same consumer-presented codes apart and makes others, crccheck
computes the CRC, and bakong-khqr makes merchant-presented payloads that we have to take."""

import base64
import random

from bakong_khqr import KHQR
from ber_tlv.tlv import Tlv
from crccheck.crc import Crc16CcittFalse

SAMPLE = (
    "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRI"
    "T0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="
)
SEED = 20261125


def flat(objects):
    """The first value of each primitive tag, in depth."""
    found = {}
    for tag, value in objects:
        inner = flat(value) if isinstance(value, list) else {tag: bytes(value)}
        found = inner | found
    return found


def test_ber_tlv_reads_the_published_code_as_we_do(ask):
    answer = ask("codes", [{"code": SAMPLE}])[0]
    content = base64.b64decode(SAMPLE, validate=True)
    assert answer["wallet"] == "EMVCo"
    assert bytes.fromhex(answer["content"]) == content
    values = flat(Tlv.parse(content, True))
    assert bytes.fromhex(answer["accountNumber"]) == values[0x5A]
    assert bytes.fromhex(answer["languages"]) == values[0x5F2D] == b"ruesdeen"


def test_codes_that_ber_tlv_builds_are_taken(ask):
    chance = random.Random(SEED)
    requests, expected = [], []
    for _ in range(200):
        account = bytes(chance.randrange(256) for _ in range(chance.randrange(4, 11)))
        common = [(0x5F20, bytes(chance.randrange(32, 127) for _ in range(chance.randrange(1, 27))))]
        if chance.random() < 0.5:
            common.append((0x5A, account))
        else:
            common.append((0x64, [(0x9F26, bytes(8)), (0x5A, account)]))
        chance.shuffle(common)
        applications = [
            (0x61, [(0x4F, bytes(chance.randrange(5, 17))), (0x50, b"x" * chance.randrange(1, 17))])
            for _ in range(chance.randrange(1, 4))
        ]
        content = Tlv.build([(0x85, b"CPV01"), *applications, (0x62, common)])
        requests.append({"code": base64.b64encode(content).decode()})
        expected.append((content, account))
    for request, answer, (content, account) in zip(
        requests, ask("codes", requests), expected, strict=True
    ):
        assert "error" not in answer, (SEED, request, answer)
        assert bytes.fromhex(answer["content"]) == content, SEED
        assert bytes.fromhex(answer["accountNumber"]) == account, SEED


def test_base64_that_python_refuses_we_refuse(ask):
    chance = random.Random(SEED)
    alphabet = "ABCxyz019+/=-_ "
    codes = []
    for _ in range(300):
        code = list(SAMPLE)
        for _ in range(chance.randrange(1, 3)):
            code[chance.randrange(12, len(code))] = chance.choice(alphabet)
        codes.append("".join(code))
    for code, answer in zip(codes, ask("codes", [{"code": code} for code in codes]), strict=True):
        try:
            content = base64.b64decode(code, validate=True)
        except ValueError:
            assert "base64" in answer["error"], (SEED, code)
            continue
        if base64.b64encode(content).decode() != code:
            assert "base64" in answer["error"], (SEED, code)
        elif "content" in answer:
            assert bytes.fromhex(answer["content"]) == content


def fields(text):
    """A payload's fields: identifier and value, by characters."""
    found, place = [], 0
    while place < len(text):
        length = int(text[place + 2 : place + 4])
        found.append((text[place : place + 2], text[place + 4 : place + 4 + length]))
        place += 4 + length
    return found


def test_a_payload_that_bakong_khqr_made_is_taken_and_made_out_anew(ask):
    for currency, number, places in [("USD", 840, 2), ("KHR", 116, 0)]:
        payload = KHQR().create_qr(
            account_id="shop@test", merchant_name="Sök ហាង", merchant_city="Phnom Penh",
            currency=currency, amount=0, static=True, store_label="Till 1",
        ).qr
        request = {
            "payload": payload, "amount": 1250, "currency": number, "exponent": places,
            "reference": "2026-11-22/0041",
        }
        answer = ask("codes", [request])[0]
        assert "error" not in answer, answer
        assert (answer["currency"], answer["merchant"]) == (number, "Sök ហាង")
        assert "amount" not in answer and not answer["isForOnePayment"]
        made = answer["payload"]
        assert f"{Crc16CcittFalse.calc(made[:-4].encode()):04X}" == made[-4:]
        before, after = dict(fields(payload)), dict(fields(made))
        assert after["54"] == ("12.50" if places else "1250")
        assert after["01"] == "12"
        assert ("05", "2026-11-22/0041") in fields(after["62"])
        assert ("03", "Till 1") in fields(after["62"])
        for identifier in before.keys() - {"01", "54", "62", "63"}:
            assert after[identifier] == before[identifier]


def test_a_wrong_crc_is_refused_with_the_right_one(ask):
    payload = KHQR().create_qr(
        account_id="shop@test", merchant_name="Shop", merchant_city="Phnom Penh", currency="USD",
        amount=1.5,
    ).qr
    body = payload[:-4]
    wrong = f"{Crc16CcittFalse.calc(body.encode()) ^ 1:04X}"
    answer = ask("codes", [{"payload": body + wrong}])[0]
    assert answer["error"] == f"wrongCRC(expected: {Crc16CcittFalse.calc(body.encode())})"
