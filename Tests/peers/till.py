"""A register written from docs/PROTOCOL.md alone, with standard libraries: noiseprotocol, cbor2, cobs,
reedsolo and cryptography. Section numbers are the page's."""

import hashlib
import os
import select
import time

import cbor2
from cobs import cobs
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from noise.connection import Keypair, NoiseConnection
from reedsolo import ReedSolomonError, RSCodec

# Section 5: types.
(PAYMENT, ABORT, STATUS, TIME, ACKNOWLEDGEMENT, OUTCOME, CHOICE, TOTALS, DIAGNOSIS,
 RETURNED_RECORD, CODE) = range(1, 12)
(RESPONSE, EVENT, RECORD, STATUS_RESPONSE, BOOT, TOTALS_RESPONSE, DIAGNOSIS_RESPONSE,
 RECALL) = range(16, 24)


class Tree:
    """Section 6: the log as a tree, by the roots of its full subtrees, the largest first."""

    def __init__(self, size=0, peaks=b""):
        self.size = size
        self.peaks = [peaks[n:n + 32] for n in range(0, len(peaks), 32)]
        assert len(self.peaks) == size.bit_count()

    def append(self, sealed):
        joined, left = hashlib.sha256(b"\0" + sealed).digest(), self.size
        while left & 1:
            joined = hashlib.sha256(b"\1" + self.peaks.pop() + joined).digest()
            left >>= 1
        self.peaks.append(joined)
        self.size += 1

    def root(self):
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\1" + peak + root).digest()
        return root


class Alarm(Exception):
    """The controller's log and ours contradict each other."""


def crc32c(data):
    """Section 1."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "big")


def content_of(body):
    """Section 1: the content of what stands between two zeros, None if that is no frame."""
    try:
        decoded = cobs.decode(body)
    except cobs.DecodeError:
        return None
    is_good = len(decoded) > 4 and crc32c(decoded[:-4]) == decoded[-4:]
    return decoded[:-4] if is_good else None


def repaired(between, codec=RSCodec(8)):
    """Section 1, parity: the COBS bytes, put right; None if that cannot be done."""
    whole, words = bytearray(between), -(-len(between) // 255)
    if len(whole) <= 9 * words:
        return None
    try:
        for word in range(words):
            whole[word::words] = codec.decode(whole[word::words])[1]
    except ReedSolomonError:
        return None
    return bytes(whole[:-9 * words])


class Hello(Exception):
    """The controller has no session any more."""


class Till:
    """With `store`, a file, what is acknowledged is there before, and again after a restart."""

    def __init__(self, line, secret, controller, record_key, store=None, parity=False):
        self.line, self.secret, self.controller = line, secret, controller
        self.record_key = record_key
        self.parity, self.with_parity = parity, 0  # wanted; how many frames had it
        self.received = bytearray()
        self.frames = []  # whole, not looked at yet
        self.heard = []  # every message but records, in order
        self.records = []  # opened, in order; acknowledged once they are here
        self.copies = {}  # records that came again, by index
        self.sealed = []  # the same, sealed: to be given back to a controller that lost them
        self.origin, self.session = None, None
        self.tree, self.store = Tree(), store
        self.recalled = 0  # records that the controller wanted back
        if store is not None:
            self.load()
        self.bytes_sent = self.bytes_received = 0
        self.follows = False  # whether a hello is told of by an exception: then `connect` again
        self.connect()

    # Sections 1 to 4: frames, handshake, transport.

    def write(self, content):
        frame = b"\0" + cobs.encode(content + crc32c(content)) + b"\0"
        self.bytes_sent += len(frame)
        os.write(self.line, frame)

    def heard_between_zeros(self, data):
        """As it came; a test may make a noisy line of it."""
        return data

    def contents(self, seconds):
        if not self.frames and select.select([self.line], [], [], seconds)[0]:
            data = os.read(self.line, 4096)
            self.bytes_received += len(data)
            self.received += data
        *frames, self.received = self.received.split(b"\0")
        self.frames += frames
        while self.frames:
            between = self.heard_between_zeros(bytes(self.frames.pop(0)))
            content = content_of(between)
            if content is None and self.parity and (body := repaired(between)) is not None:
                content = content_of(body)
                self.with_parity += content is not None
            if content is not None:
                yield content

    def connect(self):
        noise = NoiseConnection.from_name(b"Noise_KK_25519_ChaChaPoly_SHA256")
        noise.set_as_initiator()
        noise.set_prologue(b"tillgate link 1")
        noise.set_keypair_from_private_bytes(Keypair.STATIC, self.secret)
        noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, self.controller)
        noise.start_handshake()
        request = noise.write_message()
        session, end = request[:4], time.monotonic() + 20
        while time.monotonic() < end:
            self.write(b"\2" + request)
            for content in self.listen(0.5):
                if content[:5] == b"\3" + session:
                    noise.read_message(content[5:])
                    self.noise, self.session, self.sent = noise, session, 0
                    clock = {0: TIME, 1: int(time.time() * 1000)}
                    if self.parity:
                        clock[2] = True
                    self.ask(clock, lambda m: m[0] == BOOT)
                    return
        raise TimeoutError("no session")

    def listen(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield from self.contents(max(0, end - time.monotonic()))

    def send(self, message):
        header = b"\4" + self.session + self.sent.to_bytes(8, "big")
        cipher = self.noise.noise_protocol.cipher_state_encrypt
        cipher.set_nonce(self.sent)
        self.sent += 1
        self.write(header + cipher.encrypt_with_ad(header, cbor2.dumps(message, canonical=True)))

    # Section 6: what comes, and what is asked for until it is answered.

    def pump(self, seconds, until=lambda message: False):
        """Takes what comes; the first message that `until` wants, or None."""
        for content in self.listen(seconds):
            if content == b"\1\1" and self.follows:
                raise Hello
            if content[:5] != b"\4" + self.session:
                continue
            cipher = self.noise.noise_protocol.cipher_state_decrypt
            cipher.set_nonce(int.from_bytes(content[5:13], "big"))
            message = cbor2.loads(cipher.decrypt_with_ad(content[:13], content[13:]))
            self.take(message)
            if until(message):
                return message
        return None

    def take(self, message):
        if message[0] == RECORD:
            self.take_record(message)
        else:
            self.heard.append(message)
        if message[0] == BOOT:
            self.compare(message)
            self.acknowledge()
        if message[0] == RECALL and message[1] == self.origin:
            self.recalled += 1
            sealed = self.sealed[message[2] - self.first]
            self.send({0: RETURNED_RECORD, 1: self.origin, 2: message[2], 3: sealed})

    def compare(self, boot):
        """Section 6, start of a session."""
        if self.origin != boot[2]:
            self.origin, self.first, self.tree = boot[2], boot[7], Tree(boot[7], boot[8])
            self.records, self.sealed = [], []
        if self.tree.size < boot[3]:
            raise Alarm("records are lost")
        if self.tree.size == boot[4] and self.tree.root() != boot[6]:
            raise Alarm("another log of the same size")

    def take_record(self, message):
        if message[1] == self.origin and message[2] == self.tree.size:
            self.keep(message[3])
        else:
            self.copies[message[2]] = self.open(message[3])
        self.acknowledge()

    def keep(self, sealed):
        self.records.append(self.open(sealed))
        if self.store is not None:
            with open(self.store, "ab") as file:
                file.write(self.origin + len(sealed).to_bytes(2, "big") + sealed)
                file.flush()
                os.fsync(file.fileno())
        self.sealed.append(sealed)
        self.tree.append(sealed)

    def load(self):
        """All records since the first: the tree follows from them. What was cut short by a crash was
        not acknowledged."""
        data = open(self.store, "rb").read() if os.path.exists(self.store) else b""
        place = 0
        while place + 18 <= len(data):
            end = place + 18 + int.from_bytes(data[place + 16:place + 18], "big")
            if end > len(data):
                break
            self.origin, self.first = data[place:place + 16], 0
            sealed = data[place + 18:end]
            self.records.append(self.open(sealed))
            self.sealed.append(sealed)
            self.tree.append(sealed)
            place = end
        with open(self.store, "ab") as file:
            file.truncate(place)

    def acknowledge(self):
        self.send({0: ACKNOWLEDGEMENT, 1: self.origin, 2: self.tree.size, 3: self.tree.root()})

    def ask(self, message, answers):
        for _ in range(40):
            self.send(message)
            answer = self.pump(0.5, answers)
            if answer is not None:
                return answer
        raise TimeoutError(f"no answer to {message}")

    def request(self, message):
        return self.ask(
            message,
            lambda m: m[0] == RESPONSE and m[1] == message[1] and m[2] == message[0])

    def wait(self, wanted, seconds=15):
        """The first message heard, also before, that is wanted."""
        for message in self.heard:
            if wanted(message):
                return message
        message = self.pump(seconds, wanted)
        assert message is not None, f"nothing came; heard {self.heard[-5:]}"
        return message

    def event(self, reference, **wanted):
        """Waits for an event: kind, final."""
        def matches(m):
            return (m[0] == EVENT and m.get(1) == reference
                    and wanted.get("kind", m[2]) == m[2] and wanted.get("final", m[5]) == m[5])
        return self.wait(matches)

    def record(self, reference, outcome=None, seconds=15):
        """Waits for a record of this reference: the card's is outcome 1."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for record in self.records:
                if record[4] == reference and outcome in (None, record[10]):
                    return record
            self.pump(0.1)
        raise TimeoutError(f"no record of {reference}; have {self.records}")

    # Section 8: records.

    def open(self, sealed):
        message = cbor2.loads(sealed)
        protected, unprotected, ciphertext = message.value
        assert message.tag == 16 and protected == bytes.fromhex("a10103")
        structure = cbor2.dumps(["Encrypt0", protected, b"tillgate-record-1"])
        record = cbor2.loads(
            AESGCM(self.record_key).decrypt(unprotected[5], ciphertext, structure))
        assert unprotected[5] == record[3].to_bytes(4, "big") + record[2].to_bytes(8, "big")
        return record
