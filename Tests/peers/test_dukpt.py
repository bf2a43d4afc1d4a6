"""pydukpt judges our DUKPT: it derives the keys of our records and reads the card data."""

import os
import random
import subprocess

import psec
import pydukpt
from Crypto.Cipher import AES, DES3

BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
KSN = bytes.fromhex("FFFF9876543210E00000")
PROTECTION = bytes.fromhex("DD7515F2BFC17F85CE48F3CA25CB21F6")
CARD = b"4111111111111111=2512101"

# X9.24-3:2017 supplement, as in openemv/dukpt test/dukpt_aes128_test.c.
AES_IK = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
AES_IK_ID = "1234567890123456"
AES_DATA_KEYS = """
    A35C412EFD41FDB98B69797C02DCD08F D639514AA33AC43AD9229E433D6D4E5B
    EF17F6AB45B4820C93A3DCB21BC491AD B3BD44C08BB6BA27C3BB4711D7D70387
    CA02DF6F30B39E14BD0B4A30E460920F C9B8A7C4E486180B2229115164F0B293
    0FA8F1F0A2DD7B1005A862D77CDED698 650F34204ABD4E57764D61AC3D266FB1
""".split()


def peerport(*words):
    done = subprocess.run(
        [os.environ["PEERPORT"], *words], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def unpadded(data):
    """ISO/IEC 9797-1 method 2."""
    card, mark, zeros = data.rpartition(b"\x80")
    assert mark and not zeros.strip(b"\0")
    return card


def test_pydukpt_reads_the_card_data_of_4000_transactions():
    initial_key = pydukpt.derive_ipek(BDK, KSN)
    header = psec.tr31.Header("B", "B1", "T", "X", "00", "N")
    header.blocks["KS"] = KSN.hex().upper()
    block = psec.tr31.wrap(PROTECTION, header, initial_key)
    lines = peerport("dukpt", "device", block, PROTECTION.hex(), "4000")
    assert len(lines) == 4000
    expected = KSN
    for line in lines:
        serial, data = (bytes.fromhex(word) for word in line.split())
        expected = pydukpt.next_ksn(expected)
        assert serial == expected
        key = pydukpt.data_request_key(pydukpt.derive_key(initial_key, serial))
        cipher = DES3.new(key, DES3.MODE_CBC, bytes(8))
        assert unpadded(cipher.decrypt(data)) == CARD, serial.hex()


def test_our_host_derives_what_pydukpt_does_over_the_whole_range():
    seed = 20240611
    chance = random.Random(seed)
    counters = [1, 2, 0x3FF, 0x7FE, 0x1FF000, 0x1FF400, 0x1FF800]
    while len(counters) < 2000:
        counter = chance.getrandbits(21)
        if 0 < counter and counter.bit_count() <= 10:
            counters.append(counter)
    serials = [pydukpt.ksn_with_counter(KSN, counter) for counter in counters]
    ours = peerport("dukpt", "host", BDK.hex(), *(serial.hex().upper() for serial in serials))
    initial_key = pydukpt.derive_ipek(BDK, KSN)
    for serial, key in zip(serials, ours, strict=True):
        assert bytes.fromhex(key) == pydukpt.derive_key(initial_key, serial), (seed, serial.hex())


def test_the_standards_aes_keys_read_the_card_data():
    header = psec.tr31.Header("D", "B1", "A", "X", "00", "N")
    header.blocks["IK"] = AES_IK_ID
    block = psec.tr31.wrap(PROTECTION * 2, header, AES_IK)
    lines = peerport("dukpt", "device", block, (PROTECTION * 2).hex(), "8")
    for counter, (line, key) in enumerate(zip(lines, AES_DATA_KEYS, strict=True), start=1):
        serial, data = line.split()
        assert serial == f"{AES_IK_ID}{counter:08X}"
        cipher = AES.new(bytes.fromhex(key), AES.MODE_CBC, bytes(16))
        assert unpadded(cipher.decrypt(bytes.fromhex(data))) == CARD
