"""psec judges our TR-31: blocks it wraps load, ours open there, and wrong ones are refused."""

import os
import secrets
import subprocess

import psec
import pytest

KSN = "FFFF9876543210E00000"
IK_ID = "1234567890123456"
TDES_IK = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")
AES_IK = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")


def keyblock(*words):
    done = subprocess.run(
        [os.environ["PEERPORT"], "keyblock", *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def wrapped(protection, key, version="B", usage="B1", algorithm="T", mode="X", export="N", **blocks):
    header = psec.tr31.Header(version, usage, algorithm, mode, "00", export)
    header.blocks.update(blocks)
    return psec.tr31.wrap(protection, header, key)


@pytest.mark.parametrize("export", "ENS")
@pytest.mark.parametrize(
    "version, size", [("A", 16), ("A", 24), ("B", 16), ("B", 24), ("C", 16), ("C", 24)]
    + [("D", 16), ("D", 24), ("D", 32)]
)
def test_a_tdes_block_loads(version, size, export):
    protection = secrets.token_bytes(size)
    block = wrapped(protection, TDES_IK, version, export=export, KS=KSN)
    check = psec.des.encrypt_tdes_ecb(TDES_IK, bytes(8)).hex().upper()[:6]
    assert keyblock("open", block, protection.hex()) == f"tdes {KSN} {check}"


@pytest.mark.parametrize("blocks", [{"IK": IK_ID}, {"KS": IK_ID}, {"KS": IK_ID + "00000000"}])
@pytest.mark.parametrize("size", [16, 24, 32])
def test_an_aes_block_loads(size, blocks):
    protection = secrets.token_bytes(size)
    block = wrapped(protection, AES_IK, "D", algorithm="A", **blocks)
    assert keyblock("open", block, protection.hex()).startswith(f"aes128 {IK_ID}00000000 ")


def test_unknown_optional_blocks_do_no_harm():
    protection = secrets.token_bytes(16)
    for size in (0, 30, 251, 252, 300):
        block = wrapped(protection, TDES_IK, TS="20200818221218Z", KS=KSN, LB="x" * size)
        assert keyblock("open", block, protection.hex()).startswith(f"tdes {KSN}")
    block = wrapped(protection, TDES_IK, TS="20200818221218Z", KS=KSN, LB="x" * 400)
    assert keyblock("open", block, protection.hex()) == "refused: tooLong at 512"


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"usage": "B0"}, "notInitialKey"),
        ({"usage": "P0", "mode": "E"}, "notInitialKey"),
        ({"usage": "D0", "mode": "B"}, "notInitialKey"),
        ({"mode": "N"}, "mode"),
        ({"algorithm": "H"}, "algorithm"),
        ({"algorithm": "A"}, "protectionKeyTooWeak"),
        ({"KS": "FFFF9876543210E00001"}, "serialCounter"),
        ({"KS": "FFFF9876543210E0"}, "serialLength"),
        ({"key": TDES_IK + TDES_IK[:8]}, "keyLength"),
        ({"key": TDES_IK[:8] * 2}, "equalHalves"),
    ],
)
def test_a_genuine_block_of_the_wrong_kind_is_refused(change, problem):
    protection = secrets.token_bytes(16)
    block = wrapped(protection, **({"key": TDES_IK, "KS": KSN} | change))
    psec.tr31.unwrap(protection, block)
    assert keyblock("open", block, protection.hex()).startswith(f"refused: {problem}")


def test_another_protection_key_and_a_changed_block_are_refused():
    protection = secrets.token_bytes(16)
    block = wrapped(protection, TDES_IK, KS=KSN)
    assert keyblock("open", block, secrets.token_hex(16)).startswith("refused: macMismatch")
    for place in (8, 11, 30, 60, len(block) - 1):
        digit = "E" if block[place] != "E" else "N"
        bad = block[:place] + digit + block[place + 1 :]
        assert keyblock("open", bad, protection.hex()).startswith("refused: ")


@pytest.mark.parametrize(
    "serial, size, key", [(KSN, 16, TDES_IK), (KSN, 24, TDES_IK)]
    + [(IK_ID + "00000000", size, AES_IK) for size in (16, 24, 32)]
)
def test_psec_reads_our_blocks(serial, size, key):
    protection = secrets.token_bytes(size)
    header, opened = psec.tr31.unwrap(protection, keyblock("wrap", serial, protection.hex()))
    assert opened == key
    assert (header.key_usage, header.mode_of_use) == ("B1", "X")
    blocks = dict(header.blocks)
    assert blocks["KS" if key == TDES_IK else "IK"] == serial[: 20 if key == TDES_IK else 16]
