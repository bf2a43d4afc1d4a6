// Byte streams to readers and registers: real serial ports through libserialport, ptys and UNIX
// sockets plainly. Opening may allocate and is done off the loop; reading and writing never wait.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { TG_PORT_NO_FLOW = 0, TG_PORT_RTS_CTS = 1 };

// Opens at 8N1, raw, for this process alone. `path` may be a link (/dev/serial/by-id/…). Returns
// a non-blocking descriptor, or -errno; -EINVAL when the port refuses the settings.
int tg_port_open(const char *path, int baud, int flow);
// Bytes read, 0 when there are none now, or -errno: the port is lost (-EPIPE when the peer hung
// up).
long tg_port_read(int descriptor, void *bytes, size_t capacity);
// Bytes taken, perhaps fewer than given, 0 when none fit now, or -errno: the port is lost.
long tg_port_write(int descriptor, const void *bytes, size_t size);
// Bytes that the kernel has taken but not yet sent (a socket counts its own overhead), or -errno.
long tg_port_queued(int descriptor);
// Goes on at another rate, any number of bits per second, at once. 0 or -errno: the port cannot.
int tg_port_set_rate(int descriptor, int baud);
// Waits until there is something to read, for at most so long. 1, or 0 after the time.
int tg_port_wait(int descriptor, long nanoseconds);
// May wait for a real port to drain: off the loop.
void tg_port_close(int descriptor);
