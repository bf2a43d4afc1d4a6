"""Our frames against PyPI cobs and reedsolo, and a CRC-32C written here from RFC 3720."""

import random
import subprocess

import pytest
from cobs import cobs
from reedsolo import RSCodec

from till import content_of, repaired

RUNS = [1, 2, 252, 253, 254, 255, 256, 507, 508, 509, 510, 626, 631]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "big")


def reference(content):
    return b"\0" + cobs.encode(content + crc32c(content)) + b"\0"


def protected(content):
    """docs/PROTOCOL.md section 1, parity."""
    body = cobs.encode(content + crc32c(content))
    words = -(-len(body) // 246)
    if len(body) + 9 * words > 638:
        return reference(content)
    whole = bytearray(body + bytes(9 * words))
    for word in range(words):
        data = whole[word::words][:-9]
        coded = (RSCodec(8).encode(data + bytes([filler])) for filler in range(1, 10))
        whole[word::words] = next(word for word in coded if 0 not in word[-8:])
    return b"\0" + bytes(whole) + b"\0"


def frames_of(parts):
    """The contents of the good frames among what zeros part."""
    for part in parts:
        try:
            decoded = cobs.decode(part)
        except cobs.DecodeError:
            continue
        if len(decoded) > 4 and crc32c(decoded[:-4]) == decoded[-4:]:
            yield decoded[:-4]


@pytest.fixture
def port(peerport):
    program = subprocess.Popen(
        [peerport, "frames"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(verb, data):
        program.stdin.write(f"{verb} {data.hex()}\n")
        program.stdin.flush()
        return program.stdout.readline().strip()

    yield ask
    program.stdin.close()
    assert program.wait(10) == 0


def samples():
    dice = random.Random(1)
    for length in RUNS:
        yield bytes([0x11]) * length
        yield bytes(length)
        yield bytes([0x11]) * (length - 1) + b"\0"
        yield b"\0" + bytes([0x11]) * (length - 1)
        # Runs that end a byte before, at and after the checksum.
        yield bytes(dice.randrange(1, 256) for _ in range(length))
    for _ in range(300):
        length = dice.randrange(1, 632)
        yield bytes(dice.choice((0, 1, 255, dice.randrange(256))) for _ in range(length))


def test_crc_check_value():
    assert crc32c(b"123456789").hex() == "e3069283"


def test_encoding_is_that_of_cobs(port):
    for content in samples():
        assert port("e", content) == reference(content).hex()
    assert port("e", bytes([1]) * 632) == "too long"


def test_decoding_is_that_of_cobs(port):
    for content in samples():
        found = port("d", reference(content)).split()
        assert found == [content.hex(), "crc=0", "cobs=0", "oversize=0"]


def test_whatever_cobs_refuses_we_refuse(port):
    dice = random.Random(2)
    for _ in range(400):
        body = bytearray(reference(bytes(dice.randrange(256) for _ in range(dice.randrange(1, 300)))))[1:-1]
        for _ in range(dice.randrange(1, 4)):
            body[dice.randrange(len(body))] = dice.randrange(1, 256)
        found = port("d", b"\0" + bytes(body) + b"\0").split()
        try:
            decoded = cobs.decode(bytes(body))
        except cobs.DecodeError:
            assert found == ["crc=0", "cobs=1", "oversize=0"]
            continue
        if len(decoded) > 4 and crc32c(decoded[:-4]) == decoded[-4:]:
            assert found[0] == decoded[:-4].hex()
        else:
            assert found == ["crc=1", "cobs=0", "oversize=0"]


def test_an_empty_block_after_a_full_one_is_taken(port):
    # Some encoders end a block of 254 bytes with an empty one; cobs takes both and so do we.
    for seed in range(100000):
        content = bytes([0x11]) * 249 + bytes([seed & 255 or 1])
        if 0 not in crc32c(content):
            break
    body = cobs.encode(content + crc32c(content))
    assert len(body) == 255 and cobs.decode(body + b"\1") == cobs.decode(body)
    assert port("d", b"\0" + body + b"\1\0").split()[0] == content.hex()


def test_parity_is_that_of_reedsolo(port):
    dice = random.Random(3)
    for length in [*RUNS, *range(240, 244), *range(485, 490), *range(602, 607)]:
        content = bytes(dice.randrange(256) for _ in range(length))
        assert port("p", content) == protected(content).hex()
        assert port("r", protected(content)).split() == [content.hex(), "repaired=0", "noise=0"]


def spoilt(frame, errors, dice):
    """A frame with so many wrong bytes in each codeword, none of them zero."""
    body = bytearray(frame[1:-1])
    words = -(-len(body) // 255)
    for word in range(words):
        for place in dice.sample(range(word, len(body), words), errors):
            body[place] = dice.choice([byte for byte in range(1, 256) if byte != body[place]])
    return b"\0" + bytes(body) + b"\0"


def test_wrong_bytes_are_put_right_as_reedsolo_does(port):
    dice = random.Random(4)
    for _ in range(60):
        content = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 604)))
        frame = spoilt(protected(content), dice.randrange(1, 5), dice)
        assert content_of(repaired(frame[1:-1])) == content
        assert port("r", frame).split() == [content.hex(), "repaired=1", "noise=0"]
        frame = spoilt(protected(content), dice.randrange(5, 9), dice)
        body = repaired(frame[1:-1])
        assert body is None or content_of(body) is None
        assert port("r", frame).split() == ["repaired=0", "noise=1"]
