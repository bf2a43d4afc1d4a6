// What Tillgate asks of the kernel, in Swift-friendly shapes.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Returns bytes written, or -errno.
long tg_write(int descriptor, const void *bytes, size_t size);

// Reads a regular file of at most `size` bytes into `bytes`. Returns the bytes read, or -errno:
// -EFBIG when it is longer, -EINVAL when it is no regular file.
long tg_read_file(const char *path, void *bytes, size_t size);
