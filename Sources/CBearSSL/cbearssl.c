#include "cbearssl.h"

#include <bearssl.h>
#include <string.h>

// explicit_bzero cannot be removed as a dead store.
#define CBC(name, blockSize, type, prepare, run)                                               \
  void name(const uint8_t *key, size_t keySize, const uint8_t *iv, uint8_t *data, size_t size) { \
    uint8_t chain[blockSize] = {0};                                                            \
    if (iv) memcpy(chain, iv, sizeof chain);                                                   \
    type schedule;                                                                             \
    prepare(&schedule, key, keySize);                                                          \
    run(&schedule, chain, data, size);                                                         \
    explicit_bzero(&schedule, sizeof schedule);                                                \
    explicit_bzero(chain, sizeof chain);                                                       \
  }

CBC(tg_tdes_cbc_encrypt, 8, br_des_ct_cbcenc_keys, br_des_ct_cbcenc_init, br_des_ct_cbcenc_run)
CBC(tg_tdes_cbc_decrypt, 8, br_des_ct_cbcdec_keys, br_des_ct_cbcdec_init, br_des_ct_cbcdec_run)
CBC(tg_aes_cbc_encrypt, 16, br_aes_ct64_cbcenc_keys, br_aes_ct64_cbcenc_init,
    br_aes_ct64_cbcenc_run)
CBC(tg_aes_cbc_decrypt, 16, br_aes_ct64_cbcdec_keys, br_aes_ct64_cbcdec_init,
    br_aes_ct64_cbcdec_run)
