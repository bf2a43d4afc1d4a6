"""Sends commands to a card through libnfc: `libnfc_tap.py TERMINAL COMMAND...` in hexadecimal. Prints
the answers. What libnfc itself takes, whoever is at the other end of the terminal measures."""

import ctypes
import ctypes.util
import sys

nfc = ctypes.CDLL(ctypes.util.find_library("nfc") or "libnfc.so.6")
nfc.nfc_open.restype = ctypes.c_void_p


class Modulation(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("rate", ctypes.c_int)]


ISO14443A_106 = Modulation(1, 1)

context = ctypes.c_void_p()
nfc.nfc_init(ctypes.byref(context))
assert context, "libnfc does not start"
device = ctypes.c_void_p(nfc.nfc_open(context, b"pn532_uart:" + sys.argv[1].encode()))
assert device, "libnfc finds no chip"
assert nfc.nfc_initiator_init(device) == 0
target = ctypes.create_string_buffer(1024)
found = nfc.nfc_initiator_select_passive_target(device, ISO14443A_106, None, 0, target)
assert found == 1, f"no card: {found}"
for command in map(bytes.fromhex, sys.argv[2:]):
    answer = ctypes.create_string_buffer(300)
    size = nfc.nfc_initiator_transceive_bytes(
        device, command, len(command), answer, len(answer), 3000)
    assert size >= 2, f"no answer: {size}"
    print(answer.raw[:size].hex())
nfc.nfc_close(device)
nfc.nfc_exit(context)
