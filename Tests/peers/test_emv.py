"""pyemv verifies the cryptograms of the virtual cards from what our reader puts into DE55, and reads
our DE55 as BER-TLV: an issuer's view of a tap."""

import json
import os
import subprocess

import pyemv
import pytest

ISSUER_KEY = bytes.fromhex("FEDCBA98765432100123456789ABCDEF")
# number, cryptogram version
CARDS = {
    "visa": ("4761739001010010", 10),
    "mastercard": ("5413330089020011", 18),
    "amex": ("378282246310005", 18),
    "discover": ("6011000990139424", 18),
    "jcb": ("3530111333300000", 18),
    "unionpay": ("6240008631401148", 18),
}
INPUT = ["9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36"]
SECRET = {"56", "57", "5A", "5F20", "5F24", "99", "9F0B", "9F1F", "9F20"}


def tap(card, *arguments):
    done = subprocess.run(
        [os.environ["BENCH"], "card", "--json", *arguments, card],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("phone", ["", "-phone"])
@pytest.mark.parametrize("card", CARDS)
def test_the_issuer_finds_the_cryptogram_genuine(card, phone):
    number, version = CARDS[card]
    objects = pyemv.tlv.decode(bytes.fromhex(tap(card + phone)["de55"]))
    data = b"".join(objects[tag] for tag in INPUT)
    key = pyemv.kd.derive_icc_mk_a(ISSUER_KEY, number, "01")
    issuer_data = objects["9F10"]
    if version == 10:
        made = pyemv.ac.generate_ac(
            key, data + issuer_data[3:], pyemv.ac.PaddingType.VISA)
    else:
        key = pyemv.kd.derive_common_sk(key, objects["9F36"] + bytes(6))
        made = pyemv.ac.generate_ac(
            key, data + issuer_data, pyemv.ac.PaddingType.EMV)
    assert made == objects["9F26"]


@pytest.mark.parametrize("card", CARDS)
def test_de55_has_nothing_that_must_stay_secret(card):
    result = tap(card)
    objects = pyemv.tlv.decode(bytes.fromhex(result["de55"]))
    assert not SECRET & set(objects)
    assert CARDS[card][0] not in json.dumps(result)
    assert result["number"].count("*") >= 5


def test_the_recorded_dialogue_gives_the_recorded_cryptogram():
    result = tap("Tests/dialogues/visa-online.json")
    objects = pyemv.tlv.decode(bytes.fromhex(result["de55"]))
    assert objects["9F26"].hex() == "48325309be82cba2"
    assert objects["9F37"].hex() == "abababab"
    assert all("recorded" not in step for step in result["steps"])
