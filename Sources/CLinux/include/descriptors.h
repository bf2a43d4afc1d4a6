// Streams of edges from the bench: files, FIFOs, ptys and UNIX sockets, only ever read.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { TG_STREAM_FILE = 1, TG_STREAM_FIFO = 2, TG_STREAM_TERMINAL = 3, TG_STREAM_SOCKET = 4 };

// Opens for reading without waiting; `kind` becomes one of the above. Returns a descriptor or
// -errno.
int tg_stream_open(const char *path, int *kind);
// Bytes read, 0 when there are none now, -EPIPE at the end (no writer left), or another -errno.
long tg_stream_read(int descriptor, void *bytes, size_t capacity);
// 1 when something can be read or the other side is gone, 0 when the time is up, or -errno.
int tg_stream_wait(int descriptor, uint64_t nanoseconds);
void tg_stream_close(int descriptor);
