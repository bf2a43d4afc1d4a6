// Single-block TDES and AES from BearSSL's constant-time implementations (des_ct, aes_ct64). Every
// call schedules the key, runs and wipes the schedule: keys here are used once.
#pragma once
#include <stddef.h>
#include <stdint.h>

// keySize 8, 16 or 24 bytes for TDES (8 is single DES, used inside X9.24-1); 16, 24 or 32 for AES.
void tg_tdes_encrypt(const uint8_t *key, size_t keySize, uint8_t block[8]);
void tg_tdes_decrypt(const uint8_t *key, size_t keySize, uint8_t block[8]);
void tg_aes_encrypt(const uint8_t *key, size_t keySize, uint8_t block[16]);
void tg_aes_decrypt(const uint8_t *key, size_t keySize, uint8_t block[16]);
