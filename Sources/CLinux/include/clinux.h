// What Tillgate asks of the kernel, in Swift-friendly shapes.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Returns bytes written, or -errno.
long tg_write(int descriptor, const void *bytes, size_t size);
