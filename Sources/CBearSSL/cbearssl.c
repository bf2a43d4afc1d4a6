#include "cbearssl.h"

#include <bearssl.h>
#include <string.h>

// explicit_bzero cannot be removed as a dead store.
#define WITH_SCHEDULE(type, prepare, run) \
  do {                                    \
    type schedule;                        \
    prepare;                              \
    run;                                  \
    explicit_bzero(&schedule, sizeof schedule); \
  } while (0)

void tg_tdes_encrypt(const uint8_t *key, size_t keySize, uint8_t block[8]) {
  uint8_t iv[8] = {0};
  WITH_SCHEDULE(br_des_ct_cbcenc_keys, br_des_ct_cbcenc_init(&schedule, key, keySize),
                br_des_ct_cbcenc_run(&schedule, iv, block, 8));
}

void tg_tdes_decrypt(const uint8_t *key, size_t keySize, uint8_t block[8]) {
  uint8_t iv[8] = {0};
  WITH_SCHEDULE(br_des_ct_cbcdec_keys, br_des_ct_cbcdec_init(&schedule, key, keySize),
                br_des_ct_cbcdec_run(&schedule, iv, block, 8));
}

void tg_aes_encrypt(const uint8_t *key, size_t keySize, uint8_t block[16]) {
  uint8_t iv[16] = {0};
  WITH_SCHEDULE(br_aes_ct64_cbcenc_keys, br_aes_ct64_cbcenc_init(&schedule, key, keySize),
                br_aes_ct64_cbcenc_run(&schedule, iv, block, 16));
}

void tg_aes_decrypt(const uint8_t *key, size_t keySize, uint8_t block[16]) {
  uint8_t iv[16] = {0};
  WITH_SCHEDULE(br_aes_ct64_cbcdec_keys, br_aes_ct64_cbcdec_init(&schedule, key, keySize),
                br_aes_ct64_cbcdec_run(&schedule, iv, block, 16));
}
