#!/usr/bin/env python3
"""Takes one payment with the register kit, through ctypes: what pay.c does, in Python.

    TILLREGISTER=…/libtillregister.so ./pay.py /dev/ttyUSB0 keys records K7-000123 1250 [APPROVAL]

The structures are those of tillregister.h. Exit status: 0 paid, 1 not paid, 2 something is wrong."""

import ctypes
import os
import select
import struct
import sys
import termios
import time
import tty
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_size_t, c_uint8, c_uint16, \
    c_uint32, c_uint64, c_void_p

FRAME, RECORD = 640, 560
LINK_UP, RESPONSE, EVENT, RECORD_IN = 1, 2, 3, 4
NEW_ORIGIN, MISSING, FORKED_LOG = 1, 2, 3
RECALL, FORKED = 10, 11
AUTHORISING = 12


class Sized(ctypes.Structure):
    """A structure that begins with its size."""

    def __init__(self, **fields):
        super().__init__(ctypes.sizeof(self), **fields)


class Keys(ctypes.Structure):
    _fields_ = [("secret", c_uint8 * 32), ("controller", c_uint8 * 32),
                ("record_key", c_uint8 * 32)]


class Options(Sized):
    _fields_ = [("size", c_size_t), ("baud", c_uint32), ("secret", POINTER(c_uint8)),
                ("controller", POINTER(c_uint8)), ("record_key", POINTER(c_uint8)),
                ("origin", POINTER(c_uint8)), ("held", c_uint64), ("random", c_void_p),
                ("context", c_void_p), ("peaks", POINTER(c_uint8)), ("peaks_size", c_size_t)]


class Event(Sized):
    _fields_ = [("size", c_size_t)] + [
        (name, c_uint8) for name in (
            "type", "standing", "state", "request", "is_accepted", "kind", "reason", "prompt",
            "outcome", "is_final")] + [
        ("methods", c_uint16), ("reference", c_char * 36), ("origin", c_uint8 * 16)] + [
        (name, c_uint64) for name in (
            "index", "count", "amount", "unix_milliseconds", "uptime_milliseconds", "epoch")] + [
        ("has_amount", c_uint8), ("reserved", c_uint8 * 7), ("message", POINTER(c_uint8)),
        ("message_size", c_size_t), ("record", POINTER(c_uint8)), ("record_size", c_size_t),
        ("peaks", POINTER(c_uint8)), ("peaks_size", c_size_t)]


class Payment(Sized):
    _fields_ = [("size", c_size_t), ("reference", c_char_p), ("amount", c_uint64),
                ("currency", c_uint16), ("exponent", c_uint8), ("kind", c_uint8),
                ("seconds", c_uint16), ("methods", c_uint16), ("outcome_seconds", c_uint16),
                ("chip_policy", c_uint8), ("without_steps", c_uint8), ("original", c_char_p),
                ("limited", c_uint8), ("tip_kind", c_uint8), ("part", c_uint8),
                ("parts", c_uint8), ("limits", c_uint64 * 3), ("tip", c_uint64),
                ("table", c_char_p), ("check", c_char_p)]


class Report(Sized):
    _fields_ = [("size", c_size_t), ("reference", c_char_p), ("amount", c_uint64),
                ("approval", c_char_p), ("outcome", c_uint8), ("reason", c_uint8),
                ("has_amount", c_uint8), ("needs_signature", c_uint8)]


class Value(Sized):
    _fields_ = [("size", c_size_t), ("number", c_uint64), ("bytes", POINTER(c_uint8)),
                ("count", c_size_t), ("type", c_uint8), ("reserved", c_uint8 * 7)]


kit = ctypes.CDLL(os.environ.get("TILLREGISTER", "libtillregister.so.0"))
for function, arguments in {
        "read_keys": [c_char_p, c_size_t, POINTER(Keys), POINTER(c_uint32)],
        "create": [POINTER(Options), c_uint64, POINTER(c_void_p)],
        "send": [c_void_p, c_uint64, c_void_p, c_size_t, POINTER(c_size_t)],
        "deadline": [c_void_p, c_uint64, POINTER(c_uint64)],
        "receive": [c_void_p, c_uint64, c_char_p, c_size_t, POINTER(c_size_t), POINTER(Event)],
        "acknowledge": [c_void_p, c_uint64],
        "restore": [c_void_p, c_char_p, c_size_t],
        "give_back": [c_void_p, c_uint64, c_char_p, c_size_t],
        "set_time": [c_void_p, c_uint64, c_uint64],
        "pay": [c_void_p, POINTER(Payment)],
        "report_outcome": [c_void_p, POINTER(Report)],
        "open_record": [c_void_p, POINTER(c_uint8), c_size_t, c_void_p, c_size_t,
                        POINTER(c_size_t)],
        "find": [c_void_p, c_size_t, POINTER(c_uint32), c_size_t, POINTER(Value)]}.items():
    getattr(kit, "tillregister_" + function).argtypes = arguments
kit.tillregister_free.argtypes = [c_void_p]
kit.tillregister_free.restype = None
for table, number in {"error": c_int32, "reason": c_uint64, "step": c_uint64,
                      "outcome": c_uint64}.items():
    function = getattr(kit, f"tillregister_{table}_text")
    function.argtypes, function.restype = [number], c_char_p


def text(table, number):
    found = getattr(kit, f"tillregister_{table}_text")(number)
    return found.decode() if found else f"number {number}"


def call(name, *arguments):
    """An error below zero becomes an exception."""
    code = getattr(kit, "tillregister_" + name)(*arguments)
    if code < 0:
        raise RuntimeError(f"{name}: {text('error', code)}")
    return code


class Store:
    """Sealed records in a file: origin, first index, the tree before it; then a size and bytes a
    record."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        content = os.read(self.file, os.fstat(self.file).st_size)
        self.origin, self.first, self.peaks, self.records, end = None, 0, b"", [], 0
        if len(content) >= 24:
            self.origin, (self.first,) = content[:16], struct.unpack("<Q", content[16:24])
            end = 24 + 32 * bin(self.first).count("1")
            self.peaks = content[24:end]
        while self.origin and len(content) >= end + 2:
            size = int.from_bytes(content[end:end + 2], "big")
            if len(content) < end + 2 + size:
                break
            self.records.append(content[end + 2:end + 2 + size])
            end += 2 + size
        os.ftruncate(self.file, end)
        os.lseek(self.file, end, os.SEEK_SET)

    def write(self, content):
        os.write(self.file, content)
        os.fsync(self.file)

    def begin(self, origin, first, peaks):
        if self.origin:
            raise RuntimeError("the controller has another log; keep this file, begin a new one")
        self.origin, self.first = origin, first
        self.write(origin + struct.pack("<Q", first) + peaks)

    def add(self, record):
        self.write(len(record).to_bytes(2, "big") + record)
        self.records.append(record)


class Sale:
    def __init__(self, line, keys, store, reference, cents, approval=None):
        self.store, self.reference, self.approval = Store(store), reference.encode(), approval
        self.line = os.open(line, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.line, termios.TCSANOW)
        mode = termios.tcgetattr(self.line)
        mode[4] = mode[5] = termios.B115200
        termios.tcsetattr(self.line, termios.TCSANOW, mode)
        self.result, self.till = None, self.open(keys)
        call("set_time", self.till, time.monotonic_ns(), int(time.time() * 1000))
        payment = Payment(
            reference=self.reference, amount=int(cents), currency=978, exponent=2, seconds=60,
            methods=1, outcome_seconds=60 if approval else 0)
        call("pay", self.till, byref(payment))

    def open(self, path):
        with open(path, "rb") as file:
            lines = file.read()
        keys, line, till = Keys(), c_uint32(), c_void_p()
        call("read_keys", lines, len(lines), byref(keys), byref(line))
        options = Options(secret=keys.secret, controller=keys.controller,
                          record_key=keys.record_key, held=self.store.first)
        if self.store.origin:
            options.origin = (c_uint8 * 16)(*self.store.origin)
            options.peaks_size = len(self.store.peaks)
            options.peaks = (c_uint8 * max(options.peaks_size, 1))(*self.store.peaks)
        call("create", byref(options), time.monotonic_ns(), byref(till))
        for record in self.store.records:
            call("restore", till, record, len(record))
        return till

    def send(self):
        frame, count = ctypes.create_string_buffer(FRAME), c_size_t()
        while call("send", self.till, time.monotonic_ns(), frame, FRAME, byref(count)):
            left = frame.raw[:count.value]
            while left:
                left = left[os.write(self.line, left):]

    def turn(self):
        """Writes what is due, waits for what comes, and takes it."""
        self.send()
        when, now = c_uint64(), time.monotonic_ns()
        call("deadline", self.till, now, byref(when))
        wait = min(max(when.value - now, 0) / 1e9, 1)
        if not select.select([self.line], [], [], wait)[0]:
            return
        content, taken = os.read(self.line, 1024), c_size_t()
        event = Event()
        while call("receive", self.till, time.monotonic_ns(), content, len(content), byref(taken),
                   byref(event)):
            self.take(event)

    def take(self, event):
        if event.type == LINK_UP:
            if event.standing == NEW_ORIGIN:
                self.store.begin(
                    bytes(event.origin), event.index, bytes(event.peaks[:event.peaks_size]))
            elif event.standing in (MISSING, FORKED_LOG):
                raise RuntimeError("records are lost, or not the controller's: call somebody")
        elif event.type == FORKED:
            raise RuntimeError("the records are not the controller's: call somebody")
        elif event.type == RECALL:
            record = self.store.records[event.index - self.store.first]
            call("give_back", self.till, event.index, record, len(record))
        elif event.type == RESPONSE and not event.is_accepted:
            print("refused:", text("reason", event.reason), flush=True)
            if event.request == 1:
                self.result = 1
        elif event.type == EVENT:
            self.step(event)
        elif event.type == RECORD_IN:
            self.store.add(bytes(event.record[:event.record_size]))
            call("acknowledge", self.till, event.index)
            self.show(event)

    def step(self, event):
        why = ": " + text("reason", event.reason) if event.reason else ""
        print(text("step", event.kind) + why, flush=True)
        if event.kind == AUTHORISING and self.approval:
            report = Report(reference=self.reference, approval=self.approval.encode(), outcome=2)
            call("report_outcome", self.till, byref(report))
        if event.is_final and event.reference == self.reference:
            print("outcome:", text("outcome", event.outcome), flush=True)
            self.result = 0 if event.outcome in (1, 2, 3) else 1

    def show(self, event):
        record, count = (c_uint8 * RECORD)(), c_size_t()
        call("open_record", self.till, event.record, event.record_size, record, RECORD,
             byref(count))

        def find(*path):
            value = Value()
            code = kit.tillregister_find(
                record, count, (c_uint32 * len(path))(*path), len(path), byref(value))
            return value if code == 0 else None

        card = find(11)
        masked = ", card " + bytes(card.bytes[:card.count]).decode() if card else ""
        print(f"record {event.index}: {find(6, 0).number}{masked}", flush=True)

    def run(self):
        end = 0
        while self.result is None or time.monotonic() < end:
            self.turn()
            if self.result is not None and not end:
                end = time.monotonic() + 0.5  # for the record behind the outcome
        self.send()
        kit.tillregister_free(self.till)
        return self.result


if __name__ == "__main__":
    try:
        sys.exit(Sale(*sys.argv[1:]).run())
    except (OSError, RuntimeError, TypeError) as error:
        print("pay:", error, file=sys.stderr)
        sys.exit(2)
