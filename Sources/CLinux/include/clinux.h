// What Tillgate asks of the kernel, in Swift-friendly shapes.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Returns bytes written, or -errno.
long tg_write(int descriptor, const void *bytes, size_t size);

// Milliseconds since 1970 by the system's clock, which may never have been set.
uint64_t tg_unix_milliseconds(void);
