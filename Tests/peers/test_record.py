"""pycose opens our sealed records, cbor2 reads them, pycddl holds them to the published CDDL, and
pydukpt decrypts the card data of the page's example. The other way round, we open theirs."""

import hmac
import pathlib
import random
import re

import cbor2
import pycddl
import pytest
from Crypto.Cipher import DES3
from pycose.algorithms import A256GCM
from pycose.headers import IV, KID, Algorithm
from pycose.keys import SymmetricKey
from pycose.messages import Enc0Message
from pydukpt import data_request_key, derive_ipek, derive_key

CONTEXT = b"tillgate-record-1"
KEY = bytes(range(0x40, 0x60))
KID_BYTES = hmac.digest(KEY, b"tillgate record key", "sha256")[:8]
LARGEST_SEALED = 546
SEED = 20261122


def schema(blocks, root):
    """The page's CDDL with `root` as its first rule, which is the one that pycddl validates.

    RFC 8610 section 3.8.3 has a pattern match the whole text; pycddl looks for it anywhere.
    """
    rules = re.sub(r'\.regexp "(.*?)"', r'.regexp "^\1$"', blocks["cddl"])
    return pycddl.Schema(f"root = {root}\n" + rules)


def open_sealed(sealed, key=KEY):
    message = Enc0Message.decode(sealed)
    assert message.phdr == {Algorithm: A256GCM}
    assert list(message.uhdr) == [KID, IV]
    message.external_aad = CONTEXT
    message.key = SymmetricKey(k=key)
    return message, message.decrypt()


def seal(plaintext, epoch, index, context=CONTEXT, kid=KID_BYTES):
    message = Enc0Message(
        phdr={Algorithm: A256GCM},
        uhdr={KID: kid, IV: epoch.to_bytes(4, "big") + index.to_bytes(8, "big")},
        payload=plaintext,
        external_aad=context,
    )
    message.key = SymmetricKey(k=KEY)
    return message.encode()


def map_of(record):
    """The CBOR map that a description (Tests/PeerPort/Record.swift) stands for."""
    fields = {
        0: 1,
        1: bytes.fromhex(record["origin"]),
        2: record["index"],
        3: record["epoch"],
        4: record["reference"],
        5: 1,
        6: record["amount"],
        7: [record["time"], record["isClockSet"]],
        8: record["uptime"],
        9: record["entryMode"],
        10: 1,
    }
    for key, name in ((11, "maskedPAN"), (13, "expiry"), (14, "serviceCode")):
        if name in record:
            fields[key] = record[name]
    if "scheme" in record:
        fields[12] = [record["scheme"], record["schemeRule"]]
        if "schemeOverlap" in record:
            fields[12].append(record["schemeOverlap"])
    if "token" in record:
        fields[15] = bytes.fromhex(record["token"])
    fields[16] = record["account"]
    if "swipe" in record:
        fields[17] = [record["swipe"][0] == 1] + record["swipe"][1:]
    fields[18] = {
        1: record["algorithm"],
        2: 0x3000,
        3: bytes.fromhex(record["ksn"]),
        4: bytes.fromhex(record["ciphertext"]),
    }
    fields[19] = bytes.fromhex(record["device"])
    fields[20] = record["firmware"]
    if "de55" in record:
        fields[21] = [
            bytes.fromhex(record["application"]), bytes.fromhex(record["de55"]), *record["chip"]
        ]
    return {key: fields[key] for key in sorted(fields)}


EXAMPLE = {
    "origin": bytes(range(0xA0, 0xB0)).hex(),
    "index": 41,
    "epoch": 7,
    "reference": "2026-11-22/0041",
    "amount": [1250, 978, 2],
    "time": 1795348800123,
    "isClockSet": True,
    "uptime": 93784005,
    "entryMode": 90,
    "maskedPAN": "411111******1111",
    "scheme": 1,
    "schemeRule": "4",
    "expiry": "2812",
    "serviceCode": "201",
    "token": bytes(range(0xD0, 0xE0)).hex(),
    "account": 0,
    "swipe": [0, 1, 1, 0, 7],
    "algorithm": 2,
    "ksn": "ffff9876543210e00001",
    "ciphertext": "f899002fe3c25446f34ede6760ad70327a60755afecf0e702f2326e66a5b8461"
    "9bdece2400841ea1023e620e12bcde811839b9d9c9f32e442f434f8f626a498b"
    "d87816821f570633b81234710eb7a9119dd3d7ad46ca1d7b",
    "device": "b827eb0000000001",
    "firmware": "0.1.0",
}

LARGEST = EXAMPLE | {
    "index": 2**64 - 1,
    "epoch": 2**32 - 1,
    "reference": "r" * 32,
    "amount": [2**64 - 1, 999, 4],
    "time": 2**64 - 1,
    "uptime": 2**64 - 1,
    "entryMode": 255,
    "maskedPAN": "123456*********6789",
    "scheme": 255,
    "schemeRule": "9" * 16,
    "schemeOverlap": 255,
    "account": 2,
    "swipe": [1, 2, 2, 2, 100],
    "algorithm": 0x01000000,
    "ksn": "ff" * 12,
    "ciphertext": "ee" * 240,
    "firmware": "v" * 16,
}

OPTIONAL = [
    ("maskedPAN",),
    ("scheme", "schemeRule", "schemeOverlap"),
    ("schemeOverlap",),
    ("expiry",),
    ("serviceCode",),
    ("token",),
    ("swipe",),
    ("application", "de55", "chip"),
]

TAPPED = {name: it for name, it in EXAMPLE.items() if name != "swipe"} | {
    "entryMode": 7,
    "schemeRule": "RID A000000003",
    "account": 1,
    "application": "a0000000032010",
    "de55": "9f2608010203040506070882022000",
    "chip": [2, 1, 3],
}


def without(record, groups):
    gone = {name for group in groups for name in group}
    return {name: value for name, value in record.items() if name not in gone}


def random_record(rng):
    bits = lambda most: rng.getrandbits(rng.randint(1, most))
    blocks = 16 * rng.randint(1, 15)
    record = {
        "origin": rng.randbytes(16).hex(),
        "index": bits(64),
        "epoch": bits(32),
        "reference": "".join(chr(rng.randint(0x20, 0x7E)) for _ in range(rng.randint(1, 32))),
        "amount": [bits(64), rng.randint(0, 999), rng.randint(0, 4)],
        "time": bits(64),
        "isClockSet": rng.random() < 0.5,
        "uptime": bits(64),
        "entryMode": rng.randint(0, 255),
        "maskedPAN": "4" * rng.randint(0, 6) + "*" * rng.randint(5, 9) + "1" * rng.randint(0, 4),
        "scheme": rng.randint(0, 255),
        "schemeRule": "2221-2720",
        "schemeOverlap": rng.randint(0, 255),
        "expiry": f"{rng.randint(0, 9999):04}",
        "serviceCode": f"{rng.randint(0, 999):03}",
        "token": rng.randbytes(16).hex(),
        "account": rng.randint(0, 2),
        "swipe": [rng.randint(0, 1)]
        + [rng.randint(0, 2) for _ in range(3)]
        + rng.choice([[], [rng.randint(0, 100)]]),
        "algorithm": 2,
        "ksn": rng.randbytes(10).hex(),
        "ciphertext": rng.randbytes(blocks).hex(),
        "device": rng.randbytes(8).hex(),
        "firmware": "0.1.0",
        "application": rng.randbytes(rng.randint(5, 16)).hex(),
        "de55": rng.randbytes(rng.randint(1, 20)).hex(),
        "chip": [rng.randint(0, 255) for _ in range(3)],
    }
    if rng.random() < 0.5:
        record |= {"algorithm": 0x01000000, "ksn": rng.randbytes(12).hex()}
    return without(record, [group for group in OPTIONAL if rng.random() < 0.3])


def all_records():
    rng = random.Random(SEED)
    return [EXAMPLE, LARGEST, TAPPED, without(EXAMPLE, OPTIONAL)] + [
        random_record(rng) for _ in range(200)
    ]


def test_pycose_opens_what_we_seal(ask, blocks):
    records = all_records()
    requests = [{"key": KEY.hex(), "kid": KID_BYTES.hex(), "record": it} for it in records]
    sealed_schema, record_schema = schema(blocks, "sealed-record"), schema(blocks, "record")
    header_schema = schema(blocks, "protected-header")
    for record, answer in zip(records, ask("record", requests)):
        sealed = bytes.fromhex(answer["sealed"])
        message, plaintext = open_sealed(sealed)
        assert message.uhdr[KID] == KID_BYTES
        assert message.uhdr[IV] == record["epoch"].to_bytes(4, "big") + record["index"].to_bytes(
            8, "big"
        )
        fields = cbor2.loads(plaintext)
        assert fields == map_of(record), f"seed {SEED}"
        assert plaintext == cbor2.dumps(fields, canonical=True)
        assert sealed == cbor2.dumps(cbor2.loads(sealed), canonical=True)
        sealed_schema.validate_cbor(sealed)
        header_schema.validate_cbor(cbor2.loads(sealed).value[0])
        record_schema.validate_cbor(plaintext)
        assert len(sealed) <= 560


def test_the_largest_record_has_the_published_size(ask):
    answer = ask("record", [{"key": KEY.hex(), "kid": KID_BYTES.hex(), "record": LARGEST}])[0]
    assert len(answer["sealed"]) == 2 * LARGEST_SEALED


def test_we_open_what_pycose_seals(ask):
    records = all_records()
    requests = [
        {
            "key": KEY.hex(),
            "kid": KID_BYTES.hex(),
            "sealed": seal(cbor2.dumps(map_of(it)), it["epoch"], it["index"]).hex(),
        }
        for it in records
    ]
    for record, answer in zip(records, ask("record", requests)):
        assert answer.get("record") == record, f"seed {SEED}: {answer}"


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda it: seal(it, 7, 42), "foreignNonce"),
        (lambda it: seal(it, 8, 41), "foreignNonce"),
        (lambda it: seal(it, 7, 41, context=b"tillgate-record-2"), "forged"),
        (lambda it: seal(it, 7, 41, kid=bytes(8)), "unknownKey"),
        (lambda it: seal(it + b"\0", 7, 41), "trailingBytes"),
        (lambda it: seal(it[:-1], 7, 41), "truncated"),
        (lambda it: seal(it, 7, 41)[:-1], "notCOSE"),
        (lambda it: seal(it, 7, 41) + b"\0", "notCOSE"),
    ],
)
def test_we_refuse_what_is_not_the_record(ask, change, error):
    sealed = change(cbor2.dumps(map_of(EXAMPLE)))
    request = {"key": KEY.hex(), "kid": KID_BYTES.hex(), "sealed": sealed.hex()}
    assert error in ask("record", [request])[0]["error"]


def test_the_cddl_refuses_what_we_refuse(ask, blocks):
    """Changes that both the CDDL and our decoder must notice, so that neither is looser."""
    changes = [{key: None} for key in range(21) if key not in (11, 12, 13, 14, 15, 17)]
    changes += [
        {0: 2},
        {1: bytes(15)},
        {3: 2**32},
        {4: ""},
        {4: "r" * 33},
        {4: "line\n"},
        {5: 9},
        {6: [1, 1000, 2]},
        {6: [1, 978, 5]},
        {6: [1, 978]},
        {7: [1, 1]},
        {10: 2},
        {11: "4111111111111111"},
        {11: "4111111*****1111"},
        {11: "411111****1111"},
        {12: [1]},
        {12: [1, ""]},
        {13: "281"},
        {14: "2 1"},
        {15: bytes(8)},
        {16: 3},
        {17: [False, 1, 1]},
        {17: [False, 1, 1, 3]},
        {17: [False, 1, 1, 1, 101]},
        {18: {1: 3, 2: 0x3000, 3: bytes(10), 4: bytes(8)}},
        {18: {1: 2, 2: 0x1000, 3: bytes(10), 4: bytes(8)}},
        {18: {1: 2, 2: 0x3000, 3: bytes(11), 4: bytes(8)}},
        {18: {1: 2, 2: 0x3000, 3: bytes(10), 4: bytes(7)}},
        {18: {1: 2, 2: 0x3000, 3: bytes(10)}},
        {19: bytes(9)},
        {20: ""},
        {21: [bytes(7), b"", 0, 0, 0]},
        {21: [bytes(4), b"1", 0, 0, 0]},
        {21: [bytes(7), b"1", 0, 0]},
        {21: [bytes(7), b"1", 0, 0, 256]},
    ]
    record_schema = schema(blocks, "card-record")
    requests = []
    for change in changes:
        fields = {**map_of(EXAMPLE), **change}
        plaintext = cbor2.dumps({key: it for key, it in fields.items() if it is not None})
        with pytest.raises(pycddl.ValidationError):
            record_schema.validate_cbor(plaintext)
            pytest.fail(f"the CDDL takes {change}")
        epoch = fields[3] if fields[3] is not None else 7
        index = fields[2] if fields[2] is not None else 41
        requests.append(
            {
                "key": KEY.hex(),
                "kid": KID_BYTES.hex(),
                "sealed": seal(plaintext, epoch & 0xFFFFFFFF, index).hex(),
            }
        )
    for change, answer in zip(changes, ask("record", requests)):
        assert answer.get("error", "").startswith("record("), f"{change}: {answer}"


def test_keys_added_later_are_passed_over(ask, blocks):
    fields = {**map_of(EXAMPLE), 90: {1: [b"x", "y", -1, False]}, 300: "later"}
    fields[18] = {**fields[18], 9: [1, 2]}
    plaintext = cbor2.dumps(fields)
    schema(blocks, "record").validate_cbor(plaintext)
    request = {
        "key": KEY.hex(),
        "kid": KID_BYTES.hex(),
        "sealed": seal(plaintext, 7, 41).hex(),
    }
    assert ask("record", [request])[0]["record"] == EXAMPLE


def test_card_data_is_the_published_cbor(ask, blocks):
    rng = random.Random(SEED)
    rows = [["B" * 79, "1" * 40, "?" * 107], ["", "=", ""], ["A", "", ""], ["", "", "0"]]
    rows += [
        [
            "".join(chr(rng.randint(0x20, 0x5F)) for _ in range(rng.randint(1, 79))),
            "".join(chr(rng.randint(0x30, 0x3F)) for _ in range(rng.randint(0, 40))),
            "".join(chr(rng.randint(0x30, 0x3F)) for _ in range(rng.randint(0, 107))),
        ]
        for _ in range(50)
    ]
    for row, answer in zip(rows, ask("record", [{"tracks": row} for row in rows])):
        tracks = {key + 1: it.encode() for key, it in enumerate(row) if it}
        encoded = cbor2.dumps(tracks)
        schema(blocks, "card-data").validate_cbor(encoded)
        assert answer["plaintext"] == encoded.hex(), f"seed {SEED}"


def test_objects_of_a_tapped_card_are_the_published_cbor(ask, blocks):
    for size in (1, 23, 24, 220):
        encoded = cbor2.dumps({4: bytes([0x57]) * size})
        schema(blocks, "card-data").validate_cbor(encoded)
        answer = ask("record", [{"objects": "57" * size}])[0]
        assert answer["plaintext"] == encoded.hex()


def test_the_worked_example_of_the_page_is_true(ask, blocks):
    block = lambda name: bytes.fromhex(blocks[name])
    assert (block("record-key"), block("kid")) == (KEY, KID_BYTES)
    _, plaintext = open_sealed(block("sealed-record"))
    assert plaintext == block("record")
    fields = cbor2.loads(plaintext)
    assert fields == map_of(EXAMPLE)
    bdk, ksn = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), fields[18][3]
    key = data_request_key(derive_key(derive_ipek(bdk, ksn), ksn))
    card_data = DES3.new(key, DES3.MODE_CBC, bytes(8)).decrypt(fields[18][4])
    card_data, marker, zeros = card_data.rpartition(b"\x80")
    assert (marker, zeros.strip(b"\0")) == (b"\x80", b"")
    assert card_data == block("card-data")
    assert cbor2.loads(card_data) == {
        1: b"B4111111111111111^TEST/CARD^2812201000000000",
        2: b"4111111111111111=28122010000000000",
    }
    request = {"key": KEY.hex(), "kid": KID_BYTES.hex(), "record": EXAMPLE}
    assert bytes.fromhex(ask("record", [request])[0]["sealed"]) == block("sealed-record")


def test_the_page_spells_what_the_tag_covers():
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs/PROTOCOL.md").read_text()
    structure = cbor2.dumps(["Encrypt0", bytes.fromhex("a10103"), CONTEXT])
    assert f"the {len(CONTEXT)} bytes" in page
    assert f"`{structure[:-len(CONTEXT)].hex()}`" in page
