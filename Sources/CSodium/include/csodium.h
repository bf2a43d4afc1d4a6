// The part of libsodium that Tillgate uses, as our own prototypes: the firmware cross-compiles
// Swift against these without the library's headers. Shapes: libsodium 1.0.18.
#pragma once
#include <stddef.h>
#include <stdint.h>

int crypto_aead_chacha20poly1305_ietf_decrypt(
    uint8_t *message, unsigned long long *message_size, uint8_t *unused_secret_nonce,
    const uint8_t *sealed, unsigned long long sealed_size, const uint8_t *associated,
    unsigned long long associated_size, const uint8_t *nonce, const uint8_t *key);
int crypto_aead_chacha20poly1305_ietf_encrypt(
    uint8_t *sealed, unsigned long long *sealed_size, const uint8_t *message,
    unsigned long long message_size, const uint8_t *associated,
    unsigned long long associated_size, const uint8_t *unused_secret_nonce,
    const uint8_t *nonce, const uint8_t *key);

// HMAC-SHA-256 under a 32-byte key.
int crypto_auth_hmacsha256(
    uint8_t *code, const uint8_t *message, unsigned long long size, const uint8_t *key);
int crypto_hash_sha256(uint8_t *digest, const uint8_t *message, unsigned long long size);
int crypto_hash_sha512(uint8_t *digest, const uint8_t *message, unsigned long long size);

// ristretto255 (RFC 9496): the element that 64 bytes map to, and the multiple of an element. The
// latter fails for what encodes no element and when the multiple is the neutral one.
int crypto_core_ristretto255_from_hash(uint8_t *element, const uint8_t *hash);
int crypto_scalarmult_ristretto255(
    uint8_t *multiple, const uint8_t *scalar, const uint8_t *element);

// Fails when the shared secret would be all zero (a point of low order).
int crypto_scalarmult(uint8_t *shared, const uint8_t *scalar, const uint8_t *point);
int crypto_scalarmult_base(uint8_t *point, const uint8_t *scalar);

// Ed25519 (RFC 8032): the seed is the private key, `secret` the seed with the public key behind it.
int crypto_sign_seed_keypair(uint8_t *public, uint8_t *secret, const uint8_t *seed);
int crypto_sign_detached(
    uint8_t *signature, unsigned long long *size, const uint8_t *message,
    unsigned long long messageSize, const uint8_t *secret);

int sodium_init(void);
void sodium_memzero(void *bytes, size_t size);
// Zeros that much of the stack below the caller.
void sodium_stackzero(size_t size);
int sodium_memcmp(const void *left, const void *right, size_t size);

// Locked memory between guard pages, which core files leave out; freeing wipes it.
void *sodium_malloc(size_t size);
void sodium_free(void *memory);

// Fills the buffer from the kernel's generator.
void randombytes_buf(void *bytes, size_t size);

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
