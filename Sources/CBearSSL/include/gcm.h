// AES-256-GCM from BearSSL's constant-time implementations (aes_ct64, ghash_ctmul64), for sealing
// records. Every call schedules the key, runs in place and wipes the schedule.
#pragma once
#include <stddef.h>
#include <stdint.h>

void tg_aes256_gcm_encrypt(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *aad,
                           size_t aadSize, uint8_t *data, size_t size, uint8_t tag[16]);
// 0 when the tag is right; otherwise -1, and the data is wiped.
int tg_aes256_gcm_decrypt(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *aad,
                          size_t aadSize, uint8_t *data, size_t size, const uint8_t tag[16]);
