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

// HMAC-SHA-256 under a 32-byte key.
int crypto_auth_hmacsha256(uint8_t tag[32], const uint8_t *bytes, unsigned long long size,
                           const uint8_t key[32]);

// XChaCha20-Poly1305: 32-byte key, 24-byte nonce, 16-byte tag behind the ciphertext. The secret
// nonce is unused: null. Decryption returns 0 only when the tag is right.
int crypto_aead_xchacha20poly1305_ietf_encrypt(
    uint8_t *sealed, unsigned long long *sealedSize, const uint8_t *bytes, unsigned long long size,
    const uint8_t *associated, unsigned long long associatedSize, const uint8_t *secretNonce,
    const uint8_t nonce[24], const uint8_t key[32]);
int crypto_aead_xchacha20poly1305_ietf_decrypt(
    uint8_t *bytes, unsigned long long *size, uint8_t *secretNonce, const uint8_t *sealed,
    unsigned long long sealedSize, const uint8_t *associated, unsigned long long associatedSize,
    const uint8_t nonce[24], const uint8_t key[32]);
