"""The whole session of docs/PROTOCOL.md section 10, frame by frame, by noiseprotocol, cobs and the page's own
messages."""

import re

import pytest
from cobs import cobs
from noise.connection import Keypair, NoiseConnection

from conftest import ROOT
from till import content_of, crc32c, repaired

PAGE = (ROOT / "docs/PROTOCOL.md").read_text()


def example(name):
    """The bytes behind a name; long ones go on over indented lines."""
    found = re.search(rf"^    `{name}` ([0-9a-f ]+(?:\n        [0-9a-f ]+)*)$", PAGE, re.M)
    return bytes.fromhex(re.sub(r"\s", "", found[1]))


def party(is_register):
    noise = NoiseConnection.from_name(b"Noise_KK_25519_ChaChaPoly_SHA256")
    (noise.set_as_initiator if is_register else noise.set_as_responder)()
    noise.set_prologue(b"tillgate link 1")
    static, ephemeral = (0x00, 0x20) if is_register else (0x01, 0x41)
    peer = "controller public" if is_register else "register public"
    noise.set_keypair_from_private_bytes(Keypair.STATIC, bytes(range(static, static + 32)))
    noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, bytes(range(ephemeral, ephemeral + 32)))
    noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, example(peer))
    noise.start_handshake()
    return noise


def frame(content):
    return b"\0" + cobs.encode(content + crc32c(content)) + b"\0"


@pytest.mark.filterwarnings("ignore:One of ephemeral keypairs")
def test_every_frame_of_the_session():
    register, controller = party(True), party(False)
    request = register.write_message()
    controller.read_message(request)
    answer = controller.write_message()
    register.read_message(answer)
    session = request[:4]
    assert frame(b"\1\1") == example("hello frame")
    assert frame(b"\2" + request) == example("request frame")
    assert frame(b"\3" + session + answer) == example("answer frame")
    counters = {register: 0, controller: 0}
    for sender, name in [
            (register, "time"), (controller, "boot"), (register, "acknowledgement"),
            (register, "payment"), (controller, "response"), (controller, "record")]:
        header = b"\4" + session + counters[sender].to_bytes(8, "big")
        cipher = sender.noise_protocol.cipher_state_encrypt
        cipher.set_nonce(counters[sender])
        sealed = cipher.encrypt_with_ad(header, example(name))
        assert frame(header + sealed) == example(name + " frame"), name
        counters[sender] += 1


def test_the_examples_of_parity():
    short, long = example("example with parity"), bytes([4]) + bytes(n & 255 for n in range(300))
    assert content_of(repaired(short[1:-1])) == bytes.fromhex("040011220033")
    whole = frame(long)[:-1] + example("end of the long example")[7:]
    assert whole[-26:] == example("end of the long example") and len(whole) == 327
    spoilt = bytearray(whole[1:-1])
    for place in range(100, 108):
        spoilt[place] ^= 0x80 if spoilt[place] != 0x80 else 0x81
    assert content_of(repaired(spoilt)) == long
