#include "gcm.h"

#include <bearssl.h>
#include <string.h>

struct gcm {
  br_aes_ct64_ctr_keys schedule;
  br_gcm_context context;
};

static void run(struct gcm *gcm, int encrypt, const uint8_t *key, const uint8_t *nonce,
                const uint8_t *aad, size_t aadSize, uint8_t *data, size_t size) {
  br_aes_ct64_ctr_init(&gcm->schedule, key, 32);
  br_gcm_init(&gcm->context, &gcm->schedule.vtable, br_ghash_ctmul64);
  br_gcm_reset(&gcm->context, nonce, 12);
  br_gcm_aad_inject(&gcm->context, aad, aadSize);
  br_gcm_flip(&gcm->context);
  br_gcm_run(&gcm->context, encrypt, data, size);
}

void tg_aes256_gcm_encrypt(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *aad,
                           size_t aadSize, uint8_t *data, size_t size, uint8_t tag[16]) {
  struct gcm gcm;
  run(&gcm, 1, key, nonce, aad, aadSize, data, size);
  br_gcm_get_tag(&gcm.context, tag);
  explicit_bzero(&gcm, sizeof gcm);
}

int tg_aes256_gcm_decrypt(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *aad,
                          size_t aadSize, uint8_t *data, size_t size, const uint8_t tag[16]) {
  struct gcm gcm;
  run(&gcm, 0, key, nonce, aad, aadSize, data, size);
  uint32_t isGenuine = br_gcm_check_tag(&gcm.context, tag);
  explicit_bzero(&gcm, sizeof gcm);
  if (isGenuine) return 0;
  if (size > 0) explicit_bzero(data, size);
  return -1;
}
