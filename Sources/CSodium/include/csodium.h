// The part of libsodium that Tillgate uses, as our own prototypes: the firmware cross-compiles
// Swift against these without the library's headers. Shapes: libsodium 1.0.18.
#pragma once
#include <stddef.h>
#include <stdint.h>

int sodium_init(void);
void sodium_memzero(void *bytes, size_t size);
int sodium_memcmp(const void *left, const void *right, size_t size);

// Fills the buffer from the kernel's generator.
void randombytes_buf(void *bytes, size_t size);
