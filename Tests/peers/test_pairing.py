"""Pairings with noiseprotocol for the handshake, libsodium's group and Python's hashes for the rest:
a register written from docs/PROTOCOL.md, and the page's own example worked out again."""

import ctypes
import ctypes.util
import hashlib
import hmac
import os
import re
import subprocess

import pytest
from cobs import cobs
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from noise.connection import Keypair, NoiseConnection

from conftest import ROOT
from test_frames import crc32c, reference
from test_noise import public

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
assert sodium.sodium_init() >= 0
CHANNEL = b"tillgate pair 1"
ORDER = 2**252


def element(digest):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_core_ristretto255_from_hash(out, digest)
    return out.raw


def multiple(scalar, point):
    out = ctypes.create_string_buffer(32)
    assert sodium.crypto_scalarmult_ristretto255(out, scalar, point) == 0, "no element"
    return out.raw


def lv(*texts):
    assert all(len(text) < 128 for text in texts)
    return b"".join(bytes([len(text)]) + text for text in texts)


def cut(random):
    return random[:31] + bytes([random[31] & 15])


def generator(code, session):
    name = b"CPaceRistretto255"
    zeros = bytes(128 - 1 - len(lv(code)) - len(lv(name)))
    return element(hashlib.sha512(lv(name, code, zeros, CHANNEL, session)).digest())


def tags(session, secret, ya, yb):
    isk = hashlib.sha512(
        lv(b"CPaceRistretto255_ISK", session, secret)
        + lv(ya, b"controller") + lv(yb, b"register")).digest()
    key = hashlib.sha512(b"CPaceMac" + session + isk).digest()
    return [
        hmac.digest(key, lv(share, name), "sha512")
        for share, name in ((ya, b"controller"), (yb, b"register"))
    ]


def code_of(session, secret, challenge):
    digest = hashlib.sha256(b"tillgate pairing code" + session + secret + challenge).digest()
    return b"%06d" % (int.from_bytes(digest[:8], "big") % 1_000_000)


class Register:
    """The register's side, from the page alone."""

    def __init__(self, static=None, ephemeral=None, challenge=None, scalar=None, name=b""):
        self.static = static or os.urandom(32)
        self.challenge = challenge or os.urandom(32)
        self.scalar = cut(scalar or os.urandom(32))
        self.name = name
        self.noise = NoiseConnection.from_name(b"Noise_XX_25519_ChaChaPoly_SHA256")
        self.noise.set_as_initiator()
        self.noise.set_prologue(CHANNEL)
        self.noise.set_keypair_from_private_bytes(Keypair.STATIC, self.static)
        if ephemeral:
            self.noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral)
        self.noise.start_handshake()

    def ask(self):
        message = bytes(self.noise.write_message())
        self.session = message[:4]
        return b"\x10" + message

    def introduce(self, greeting):
        assert greeting[:5] == b"\x11" + self.session and len(greeting) == 133
        self.commitment = bytes(self.noise.read_message(greeting[5:]))
        state = self.noise.noise_protocol.handshake_state
        self.controller = state.rs.public_bytes
        message = bytes(self.noise.write_message(self.challenge + self.name))
        self.hash = self.noise.get_handshake_hash()
        self.forth = self.noise.noise_protocol.cipher_state_encrypt.k
        self.back = self.noise.noise_protocol.cipher_state_decrypt.k
        return b"\x12" + self.session + message

    def seal(self, kind, counter, body):
        header = bytes([kind]) + self.session
        nonce = bytes(4) + counter.to_bytes(8, "little")
        return header + ChaCha20Poly1305(self.forth).encrypt(nonce, body, header)

    def open(self, frame, kind, counter):
        assert frame[:5] == bytes([kind]) + self.session
        nonce = bytes(4) + counter.to_bytes(8, "little")
        return ChaCha20Poly1305(self.back).decrypt(nonce, frame[5:], frame[:5])

    def prove(self, share, code):
        self.ya = self.open(share, 0x13, 0)
        self.code = code
        self.yb = multiple(self.scalar, generator(code, self.hash))
        secret = multiple(self.scalar, self.ya)
        self.ta, tb = tags(self.hash, secret, self.ya, self.yb)
        return self.seal(0x14, 0, self.yb + tb)

    def accept(self, reveal):
        body = self.open(reveal, 0x15, 1)
        tag, secret = body[:64], body[64:]
        assert hmac.compare_digest(tag, self.ta), "the controller does not know the code"
        assert hashlib.sha256(secret).digest() == self.commitment
        assert code_of(self.hash, secret, self.challenge) == self.code
        return self.seal(0x16, 1, b"")

    def finish(self, frame):
        return self.open(frame, 0x17, 2)


class Controller:
    """`peerport pairing`: the machine of the firmware, with a window open."""

    def __init__(self, peerport):
        self.port = subprocess.Popen(
            [peerport, "pairing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def say(self, content):
        self.port.stdin.write(reference(content))
        self.port.stdin.flush()

    def hear(self):
        frame = bytearray()
        while True:
            byte = self.port.stdout.read(1)
            assert byte, self.port.stderr.read()
            if byte != b"\0":
                frame += byte
            elif frame:
                decoded = cobs.decode(bytes(frame))
                assert crc32c(decoded[:-4]) == decoded[-4:]
                return decoded[:-4]

    def line(self):
        """The next line of what the controller shows to people."""
        return self.port.stderr.readline().split()

    def close(self):
        self.port.stdin.close()
        assert self.port.wait(10) == 0


def test_a_register_from_the_page_pairs(peerport):
    controller = Controller(peerport)
    static = os.urandom(32)
    register = Register(static=static, name=b"python 1")
    controller.say(register.ask())
    controller.say(register.introduce(controller.hear()))
    share = controller.hear()
    word, code = controller.line()
    assert word == b"code" and re.fullmatch(rb"\d{6}", code)
    controller.say(register.prove(share, code))
    controller.say(register.accept(controller.hear()))
    # What the controller stored, and what it tells.
    assert controller.line() == [b"stored", public(static).hex().encode(), b"python", b"1"]
    assert register.finish(controller.hear()) == bytes(range(0x40, 0x60))
    assert register.controller == public(bytes(range(1, 33)))
    assert controller.line() == [b"closed"]
    controller.close()


def test_a_wrong_code_is_refused_and_the_next_try_has_another(peerport):
    controller = Controller(peerport)
    codes = set()
    for left in (2, 1, 0):
        register = Register()
        controller.say(register.ask())
        controller.say(register.introduce(controller.hear()))
        share = controller.hear()
        _, code = controller.line()
        codes.add(code)
        controller.say(register.prove(share, b"%06d" % ((int(code) + 1) % 1_000_000)))
        assert register.open(controller.hear(), 0x18, 3) == b"\1"
        expected = [b"wrong", b"%d" % left] if left else [b"closed"]
        assert controller.line() == expected
    assert len(codes) == 3
    controller.close()


@pytest.mark.parametrize("name", [b"tillgate pair 2", b""])
def test_another_prologue_is_not_understood(peerport, name):
    controller = Controller(peerport)
    register = Register()
    register.noise = NoiseConnection.from_name(b"Noise_XX_25519_ChaChaPoly_SHA256")
    register.noise.set_as_initiator()
    register.noise.set_prologue(name)
    register.noise.set_keypair_from_private_bytes(Keypair.STATIC, register.static)
    register.noise.start_handshake()
    controller.say(register.ask())
    with pytest.raises(Exception):
        register.introduce(controller.hear())


def example(label):
    page = (ROOT / "docs/PROTOCOL.md").read_text()
    found = re.search(rf"`{label}` ((?:[0-9a-f]+\s+)+)", page[page.index("## 9. Pairing"):])
    return "".join(found.group(1).split())


def test_the_example_of_the_page():
    ephemeral = bytes(range(0x20, 0x40))
    scalar = "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d"
    register = Register(
        bytes(range(32)), ephemeral, bytes(range(0x81, 0xA1)), bytes.fromhex(scalar), b"till 3")
    frames = {
        label: bytes.fromhex(example(label))
        for label in ("ask", "greet", "introduce", "share", "prove", "reveal", "accept", "finish")
    }
    code = example("code").encode()
    assert register.ask() == frames["ask"]
    assert register.introduce(frames["greet"]) == frames["introduce"]
    assert register.prove(frames["share"], code) == frames["prove"]
    assert register.accept(frames["reveal"]) == frames["accept"]
    assert register.finish(frames["finish"]) == bytes(range(0x40, 0x60))
