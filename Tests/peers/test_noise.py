"""Sessions with noiseprotocol: it plays the controller, then the register."""

import os
import subprocess

import pytest
from cobs import cobs
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from noise.connection import Keypair, NoiseConnection

from test_frames import crc32c, reference

PROLOGUE = b"tillgate link 1"
REGISTER = bytes(range(0, 32))
CONTROLLER = bytes(range(1, 33))


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


class Peer:
    """noiseprotocol on one side, peerport on the other."""

    def __init__(self, peerport, is_register):
        self.is_register = is_register
        mine, theirs = (REGISTER, CONTROLLER) if is_register else (CONTROLLER, REGISTER)
        self.noise = NoiseConnection.from_name(b"Noise_KK_25519_ChaChaPoly_SHA256")
        (self.noise.set_as_initiator if is_register else self.noise.set_as_responder)()
        self.noise.set_prologue(PROLOGUE)
        self.noise.set_keypair_from_private_bytes(Keypair.STATIC, mine)
        self.noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public(theirs))
        self.noise.start_handshake()
        self.port = subprocess.Popen(
            [peerport, "noise", "controller" if is_register else "register",
             theirs.hex(), public(mine).hex(), os.urandom(32).hex()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.sent = 0

    def say(self, content):
        self.port.stdin.write(reference(content))
        self.port.stdin.flush()

    def hear(self):
        frame = bytearray()
        while True:
            byte = self.port.stdout.read(1)
            assert byte, "the program ended"
            if byte != b"\0":
                frame += byte
            elif frame:
                decoded = cobs.decode(bytes(frame))
                assert crc32c(decoded[:-4]) == decoded[-4:]
                return decoded[:-4]

    def handshake(self):
        if self.is_register:
            assert self.hear() == b"\1\1"  # hello
            request = self.noise.write_message()
            self.session = bytes(request[:4])
            self.say(b"\2" + request)
            answer = self.hear()
            assert answer[:5] == b"\3" + self.session
            self.noise.read_message(answer[5:])
        else:
            request = self.hear()
            assert request[0] == 2 and len(request) == 49
            self.session = request[1:5]
            self.noise.read_message(request[1:])
            self.say(b"\3" + self.session + self.noise.write_message())
        assert self.noise.handshake_finished

    def seal(self, message, counter=None):
        counter = self.sent if counter is None else counter
        self.sent = max(self.sent, counter + 1)
        header = b"\4" + self.session + counter.to_bytes(8, "big")
        cipher = self.noise.noise_protocol.cipher_state_encrypt
        cipher.set_nonce(counter)
        return header + cipher.encrypt_with_ad(header, message)

    def open(self, content):
        assert content[:5] == b"\4" + self.session
        cipher = self.noise.noise_protocol.cipher_state_decrypt
        cipher.set_nonce(int.from_bytes(content[5:13], "big"))
        return cipher.decrypt_with_ad(content[:13], content[13:])

    def close(self):
        _, errors = self.port.communicate(timeout=10)
        assert self.port.returncode == 0
        return errors.decode().strip()


@pytest.mark.parametrize("is_register", [True, False], ids=["as register", "as controller"])
def test_handshake_and_messages_both_ways(peerport, is_register):
    peer = Peer(peerport, is_register)
    peer.handshake()
    if not is_register:
        assert peer.open(peer.hear()) == b"hello"
    for size in (0, 1, 15, 16, 200, 602):
        message = os.urandom(size)
        peer.say(peer.seal(message))
        assert peer.open(peer.hear()) == message
    # Counters may skip: the window follows, and what is older than 64 or was seen is refused.
    peer.say(peer.seal(b"far", 1000))
    assert peer.open(peer.hear()) == b"far"
    peer.say(peer.seal(b"again", 1000))
    peer.say(peer.seal(b"old", 936))
    forged = bytearray(peer.seal(b"forged", 1001))
    forged[-1] ^= 1
    peer.say(bytes(forged))
    peer.say(peer.seal(b"late", 937))
    assert peer.open(peer.hear()) == b"late"
    assert peer.close() == "forged=1 replayed=2"


def test_a_wrong_static_key_gets_no_answer(peerport):
    peer = Peer(peerport, True)
    assert peer.hear() == b"\1\1"
    stranger = NoiseConnection.from_name(b"Noise_KK_25519_ChaChaPoly_SHA256")
    stranger.set_as_initiator()
    stranger.set_prologue(PROLOGUE)
    stranger.set_keypair_from_private_bytes(Keypair.STATIC, os.urandom(32))
    stranger.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public(CONTROLLER))
    stranger.start_handshake()
    peer.say(b"\2" + stranger.write_message())
    assert peer.close() == "forged=1 replayed=0"


def test_another_prologue_gets_no_answer(peerport):
    global PROLOGUE
    PROLOGUE, usual = b"tillgate link 2", PROLOGUE
    try:
        peer = Peer(peerport, True)
        assert peer.hear() == b"\1\1"
        peer.say(b"\2" + peer.noise.write_message())
        assert peer.close() == "forged=1 replayed=0"
    finally:
        PROLOGUE = usual
