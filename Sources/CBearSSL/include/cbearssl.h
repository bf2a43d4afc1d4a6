// TDES and AES in CBC from BearSSL's constant-time implementations (des_ct, aes_ct64). Every call
// schedules the key, runs and wipes the schedule: keys here are used once.
#pragma once
#include <stddef.h>
#include <stdint.h>

// In place over `size` bytes, whole blocks only. `iv` is one block, or null for zeros: one block
// under a null IV is the cipher itself. keySize is 8, 16 or 24 bytes for TDES (8 is single DES,
// used inside X9.24-1) and 16, 24 or 32 for AES.
void tg_tdes_cbc_encrypt(const uint8_t *key, size_t keySize, const uint8_t *iv, uint8_t *data,
                         size_t size);
void tg_tdes_cbc_decrypt(const uint8_t *key, size_t keySize, const uint8_t *iv, uint8_t *data,
                         size_t size);
void tg_aes_cbc_encrypt(const uint8_t *key, size_t keySize, const uint8_t *iv, uint8_t *data,
                        size_t size);
void tg_aes_cbc_decrypt(const uint8_t *key, size_t keySize, const uint8_t *iv, uint8_t *data,
                        size_t size);
