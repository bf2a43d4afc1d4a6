// Everything wrong that a caller may do to the register kit gives an error with a text, and leaves
// the handle as good as it was; and what is created is given back. Built with the address and
// undefined-behaviour sanitizers by Tests/peers/test_kit.py, against the static library.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tillregister.h>

static int failures = 0;

#define EXPECT(want, call)                                                                  \
  do {                                                                                      \
    int32_t got = (call);                                                                   \
    const char *text = tillregister_error_text(got);                                        \
    if (got != (want) || !text || !*text) {                                                 \
      printf("line %d: %s gave %d (%s)\n", __LINE__, #call, (int)got, text ? text : "null"); \
      failures++;                                                                           \
    }                                                                                       \
  } while (0)

static const uint8_t secret[32] = {1}, controller[32] = {9}, record_key[32] = {3};

static tillregister_options good_options(void) {
  tillregister_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.secret = secret;
  options.controller = controller;
  options.record_key = record_key;
  return options;
}

static int32_t no_random(void *context, uint8_t *bytes, size_t count) {
  (void)context, (void)bytes, (void)count;
  return 1;
}

static int32_t fixed_random(void *context, uint8_t *bytes, size_t count) {
  memset(bytes, *(int *)context, count);
  return 0;
}

static void try_creation(void) {
  tillregister *till = NULL;
  tillregister_options options = good_options();
  EXPECT(TILLREGISTER_NULL, tillregister_create(NULL, 0, &till));
  EXPECT(TILLREGISTER_NULL, tillregister_create(&options, 0, NULL));
  options.size = 8;
  EXPECT(TILLREGISTER_STRUCT_SIZE, tillregister_create(&options, 0, &till));
  options.size = SIZE_MAX;
  EXPECT(TILLREGISTER_STRUCT_SIZE, tillregister_create(&options, 0, &till));
  options = good_options();
  options.secret = NULL;
  EXPECT(TILLREGISTER_NULL, tillregister_create(&options, 0, &till));
  options = good_options();
  options.controller = (const uint8_t[32]){0};  // a point of low order
  EXPECT(TILLREGISTER_KEY, tillregister_create(&options, 0, &till));
  options = good_options();
  options.baud = 1;
  EXPECT(TILLREGISTER_BAUD, tillregister_create(&options, 0, &till));
  if (till) failures++;
  // A newer program: what this library does not know must be zero.
  struct {
    tillregister_options known;
    uint64_t more;
  } newer = {good_options(), 0};
  newer.known.size = sizeof newer;
  EXPECT(TILLREGISTER_OK, tillregister_create(&newer.known, 0, &till));
  tillregister_free(till);
  newer.more = 1;
  EXPECT(TILLREGISTER_STRUCT_SIZE, tillregister_create(&newer.known, 0, &till));
  tillregister_free(NULL);
}

static void try_nothing(void) {
  uint8_t byte = 0;
  size_t count = 0;
  uint64_t when;
  tillregister_event event = {.size = sizeof event};
  tillregister_payment payment = {.size = sizeof payment};
  EXPECT(TILLREGISTER_NULL, tillregister_send(NULL, 0, &byte, 1, &count));
  EXPECT(TILLREGISTER_NULL, tillregister_deadline(NULL, 0, &when));
  EXPECT(TILLREGISTER_NULL, tillregister_receive(NULL, 0, &byte, 1, &count, &event));
  EXPECT(TILLREGISTER_NULL, tillregister_acknowledge(NULL, 0));
  EXPECT(TILLREGISTER_NULL, tillregister_pay(NULL, &payment));
  EXPECT(TILLREGISTER_NULL, tillregister_report_outcome(NULL, NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_choose(NULL, "a", 0));
  EXPECT(TILLREGISTER_NULL, tillregister_make_code(NULL, NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_abort(NULL, "a"));
  EXPECT(TILLREGISTER_NULL, tillregister_query_status(NULL, "a"));
  EXPECT(TILLREGISTER_NULL, tillregister_query_totals(NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_close_period(NULL, 0, 0));
  EXPECT(TILLREGISTER_NULL, tillregister_query_diagnosis(NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_set_time(NULL, 0, 0));
  EXPECT(TILLREGISTER_NULL, tillregister_cancel_requests(NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_get_counts(NULL, NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_open_record(NULL, &byte, 1, &byte, 1, &count));
  EXPECT(TILLREGISTER_NULL, tillregister_public_key(NULL, NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_read_keys(NULL, 0, NULL, NULL));
  tillregister_wipe(NULL, 5);
}

static void try_bytes(tillregister *till) {
  uint8_t frame[TILLREGISTER_FRAME];
  size_t count = 0, taken = 0;
  uint64_t when;
  tillregister_event event = {.size = sizeof event};
  EXPECT(TILLREGISTER_ROOM, tillregister_send(till, 0, frame, sizeof frame - 1, &count));
  EXPECT(TILLREGISTER_NULL, tillregister_send(till, 0, NULL, sizeof frame, &count));
  EXPECT(TILLREGISTER_NULL, tillregister_send(till, 0, frame, sizeof frame, NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_deadline(till, 0, NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_receive(till, 0, NULL, 1, &taken, &event));
  EXPECT(TILLREGISTER_NULL, tillregister_receive(till, 0, frame, 1, NULL, &event));
  EXPECT(TILLREGISTER_NULL, tillregister_receive(till, 0, frame, 1, &taken, NULL));
  EXPECT(TILLREGISTER_OK, tillregister_receive(till, 0, NULL, 0, &taken, &event));
  EXPECT(TILLREGISTER_SIZE, tillregister_receive(till, 0, frame, SIZE_MAX, &taken, &event));
  taken = 2;
  EXPECT(TILLREGISTER_SIZE, tillregister_receive(till, 0, frame, 1, &taken, &event));
  event.size = 4;
  taken = 0;
  EXPECT(TILLREGISTER_STRUCT_SIZE, tillregister_receive(till, 0, frame, 1, &taken, &event));
  EXPECT(TILLREGISTER_NOT_SHOWN, tillregister_acknowledge(till, 0));
  EXPECT(TILLREGISTER_NOT_SHOWN, tillregister_acknowledge(till, UINT64_MAX));
  event.size = sizeof event;
  // At the end of time, and back: the clock never goes back.
  EXPECT(TILLREGISTER_READY, tillregister_send(till, UINT64_MAX, frame, sizeof frame, &count));
  EXPECT(TILLREGISTER_OK, tillregister_deadline(till, 0, &when));
  EXPECT(TILLREGISTER_OK, tillregister_receive(till, 0, frame, count, &taken, &event));
  if (taken != count) failures++;
}

static tillregister_payment good_payment(void) {
  tillregister_payment payment;
  memset(&payment, 0, sizeof payment);
  payment.size = sizeof payment;
  payment.reference = "K7-000123";
  payment.amount = 1250;
  payment.currency = 978;
  payment.exponent = 2;
  payment.seconds = 60;
  payment.methods = TILLREGISTER_STRIPE;
  payment.outcome_seconds = 30;
  return payment;
}

// One field made wrong, and the key that the error names.
#define WRONG(key, change)                                              \
  do {                                                                  \
    tillregister_payment payment = good_payment();                      \
    change;                                                             \
    EXPECT(TILLREGISTER_FIELD - (key), tillregister_pay(till, &payment)); \
  } while (0)

static void try_payments(tillregister *till) {
  tillregister_payment payment = good_payment();
  EXPECT(TILLREGISTER_NULL, tillregister_pay(till, NULL));
  payment.reference = NULL;
  EXPECT(TILLREGISTER_NULL, tillregister_pay(till, &payment));
  payment.reference = "";
  EXPECT(TILLREGISTER_REFERENCE, tillregister_pay(till, &payment));
  payment.reference = "123456789012345678901234567890123";
  EXPECT(TILLREGISTER_REFERENCE, tillregister_pay(till, &payment));
  payment.reference = "caf\xC3\xA9";
  EXPECT(TILLREGISTER_REFERENCE, tillregister_pay(till, &payment));
  WRONG(3, payment.currency = 1000);
  WRONG(4, payment.exponent = 5);
  WRONG(5, payment.seconds = 0);
  WRONG(5, payment.seconds = 3601);
  WRONG(6, payment.methods = 0);
  WRONG(7, payment.kind = 7);
  WRONG(8, payment.kind = TILLREGISTER_REVERSAL);
  WRONG(8, payment.original = "another");
  WRONG(8, (payment.kind = TILLREGISTER_REFUND, payment.original = payment.reference));
  WRONG(9, payment.outcome_seconds = 601);
  WRONG(9, (payment.kind = TILLREGISTER_REFUND, payment.outcome_seconds = 0));
  WRONG(10, payment.limited = 8);
  WRONG(11, payment.tip_kind = 4);
  WRONG(11, (payment.tip_kind = TILLREGISTER_TIP_SHARE, payment.tip = 10001));
  WRONG(11, (payment.tip_kind = TILLREGISTER_TIP_ASKED, payment.tip = 0));
  WRONG(11, (payment.tip_kind = TILLREGISTER_TIP, payment.tip = UINT64_MAX));
  WRONG(12, payment.table = "seventeen letters");
  WRONG(13, payment.check = "new\nline");
  WRONG(13, (payment.part = 1, payment.parts = 2));
  WRONG(14, (payment.check = "C", payment.part = 3, payment.parts = 2));
  WRONG(15, payment.chip_policy = 3);
  payment = good_payment();
  EXPECT(TILLREGISTER_OK, tillregister_pay(till, &payment));
}

static void try_codes(tillregister *till) {
  char longest[514];
  memset(longest, '1', sizeof longest);
  longest[513] = 0;
  tillregister_code good = {.size = sizeof good, .reference = "K7", .amount = 1250,
                            .payload = "000201", .currency = 978, .exponent = 2};
  tillregister_code code = good;
  EXPECT(TILLREGISTER_NULL, tillregister_make_code(till, NULL));
  code.payload = NULL;
  EXPECT(TILLREGISTER_FIELD - 5, tillregister_make_code(till, &code));
  code.payload = "";
  EXPECT(TILLREGISTER_FIELD - 5, tillregister_make_code(till, &code));
  code.payload = longest;
  EXPECT(TILLREGISTER_FIELD - 5, tillregister_make_code(till, &code));
  longest[512] = 0;
  EXPECT(TILLREGISTER_OK, tillregister_make_code(till, &code));
  code.payload = "caf\xE9";  // not UTF-8
  EXPECT(TILLREGISTER_TEXT, tillregister_make_code(till, &code));
  code = good;
  code.reference = NULL;
  EXPECT(TILLREGISTER_NULL, tillregister_make_code(till, &code));
  code = good;
  code.currency = 1000;
  EXPECT(TILLREGISTER_FIELD - 3, tillregister_make_code(till, &code));
  code = good;
  code.exponent = 5;
  EXPECT(TILLREGISTER_FIELD - 4, tillregister_make_code(till, &code));
  code = good;
  code.size--;
  EXPECT(TILLREGISTER_STRUCT_SIZE, tillregister_make_code(till, &code));
  EXPECT(TILLREGISTER_OK, tillregister_make_code(till, &good));
}

static void try_others(tillregister *till) {
  tillregister_report report = {.size = sizeof report, .reference = "r", .outcome = 2};
  EXPECT(TILLREGISTER_OK, tillregister_report_outcome(till, &report));
  report.outcome = 1;
  EXPECT(TILLREGISTER_FIELD - 2, tillregister_report_outcome(till, &report));
  report.outcome = 3;
  EXPECT(TILLREGISTER_FIELD - 4, tillregister_report_outcome(till, &report));
  report.outcome = 4;
  report.has_amount = 1;
  EXPECT(TILLREGISTER_FIELD - 4, tillregister_report_outcome(till, &report));
  report.has_amount = 0;
  report.approval = "seventeen letters";
  EXPECT(TILLREGISTER_FIELD - 5, tillregister_report_outcome(till, &report));
  EXPECT(TILLREGISTER_REFERENCE, tillregister_abort(till, ""));
  EXPECT(TILLREGISTER_NULL, tillregister_query_status(till, NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_choose(till, NULL, 1));
  tillregister_counts counts = {.size = sizeof counts};
  EXPECT(TILLREGISTER_OK, tillregister_get_counts(till, &counts));
  if (counts.is_open || counts.size != sizeof counts) failures++;
  counts.size = 1;
  EXPECT(TILLREGISTER_STRUCT_SIZE, tillregister_get_counts(till, &counts));
}

static void try_log(tillregister *till) {
  const uint8_t record[TILLREGISTER_RECORD_SIZE + 1] = {0};
  EXPECT(TILLREGISTER_NULL, tillregister_restore(NULL, record, 1));
  EXPECT(TILLREGISTER_NULL, tillregister_restore(till, NULL, 1));
  EXPECT(TILLREGISTER_SIZE, tillregister_restore(till, record, SIZE_MAX));
  EXPECT(TILLREGISTER_NULL, tillregister_give_back(NULL, 0, record, 1));
  EXPECT(TILLREGISTER_NULL, tillregister_give_back(till, 0, NULL, 1));
  EXPECT(TILLREGISTER_SIZE, tillregister_give_back(till, 0, record, sizeof record));
  EXPECT(TILLREGISTER_OK, tillregister_give_back(till, UINT64_MAX, record, 1));
}

static void try_records(tillregister *till) {
  // {0: 1, 6: [1250, 978, 2], 11: "41"}
  const uint8_t cbor[] = {0xa3, 0x00, 0x01, 0x06, 0x83, 0x19, 0x04, 0xe2, 0x19,
                          0x03, 0xd2, 0x02, 0x0b, 0x62, 0x34, 0x31};
  uint8_t room[TILLREGISTER_RECORD_SIZE];
  size_t count;
  tillregister_value value = {.size = sizeof value};
  const uint32_t amount[] = {6, 0}, past[] = {6, 3}, card[] = {11}, none[] = {12}, deep[] = {0, 0};
  EXPECT(TILLREGISTER_OK, tillregister_find(cbor, sizeof cbor, amount, 2, &value));
  if (value.type != TILLREGISTER_UNSIGNED || value.number != 1250) failures++;
  EXPECT(TILLREGISTER_OK, tillregister_find(cbor, sizeof cbor, card, 1, &value));
  if (value.count != 2 || memcmp(value.bytes, "41", 2) != 0) failures++;
  EXPECT(TILLREGISTER_OK, tillregister_find(cbor, sizeof cbor, NULL, 0, &value));
  if (value.type != TILLREGISTER_MAP || value.count != 3) failures++;
  EXPECT(TILLREGISTER_ABSENT, tillregister_find(cbor, sizeof cbor, past, 2, &value));
  EXPECT(TILLREGISTER_ABSENT, tillregister_find(cbor, sizeof cbor, none, 1, &value));
  EXPECT(TILLREGISTER_ABSENT, tillregister_find(cbor, sizeof cbor, deep, 2, &value));
  EXPECT(TILLREGISTER_NULL, tillregister_find(cbor, sizeof cbor, NULL, 1, &value));
  EXPECT(TILLREGISTER_NULL, tillregister_find(NULL, 1, card, 1, &value));
  EXPECT(TILLREGISTER_SIZE, tillregister_find(cbor, SIZE_MAX, card, 1, &value));
  EXPECT(TILLREGISTER_SIZE, tillregister_find(cbor, sizeof cbor, card, SIZE_MAX, &value));
  for (size_t size = 0; size < sizeof cbor; size++)
    EXPECT(TILLREGISTER_CBOR, tillregister_find(cbor, size, card, 1, &value));
  EXPECT(TILLREGISTER_NOT_SEALED,
         tillregister_open_record(till, cbor, sizeof cbor, room, sizeof room, &count));
  EXPECT(TILLREGISTER_NULL, tillregister_open_record(till, cbor, sizeof cbor, NULL, 1, &count));
}

static void try_keys(void) {
  char text[512];
  const char *digits = "0000000000000000000000000000000000000000000000000000000000000001";
  tillregister_keys keys;
  uint32_t line = 9;
  int size = snprintf(text, sizeof text,
                      "# keys\n\nregister-secret = %s\r\ncontroller-public=%s\nrecord-key = %s",
                      digits, digits, digits);
  EXPECT(TILLREGISTER_OK, tillregister_read_keys(text, (size_t)size, &keys, &line));
  if (keys.record_key[31] != 1 || keys.secret[0] != 0 || line != 0) failures++;
  for (int cut = 0; cut < size; cut++)
    EXPECT(TILLREGISTER_KEY_FILE, tillregister_read_keys(text, (size_t)cut, &keys, &line));
  memcpy(text, "x keys", 6);
  EXPECT(TILLREGISTER_KEY_FILE, tillregister_read_keys(text, (size_t)size, &keys, &line));
  if (line != 1) failures++;
  EXPECT(TILLREGISTER_SIZE, tillregister_read_keys(text, SIZE_MAX, &keys, &line));
}

static void try_pairing(void) {
  tillregister_pairing *pairing = NULL;
  tillregister_pairing_options options;
  tillregister_pairing_event event;
  tillregister_keys keys;
  uint8_t frame[TILLREGISTER_FRAME];
  size_t count = 0, taken = 0;
  uint64_t when;
  memset(&event, 0, sizeof event);
  memset(&options, 0, sizeof options);
  event.size = sizeof event;
  options.secret = secret;
  EXPECT(TILLREGISTER_STRUCT_SIZE, tillregister_pairing_start(&options, 0, &pairing));
  options.size = sizeof options;
  EXPECT(TILLREGISTER_NULL, tillregister_pairing_start(NULL, 0, &pairing));
  EXPECT(TILLREGISTER_NULL, tillregister_pairing_start(&options, 0, NULL));
  options.name = "seventeen letters";
  EXPECT(TILLREGISTER_TEXT, tillregister_pairing_start(&options, 0, &pairing));
  options.name = NULL;
  options.random = no_random;
  EXPECT(TILLREGISTER_NO_RANDOM, tillregister_pairing_start(&options, 0, &pairing));
  options.random = NULL;
  options.baud = 299;
  EXPECT(TILLREGISTER_BAUD, tillregister_pairing_start(&options, 0, &pairing));
  options.baud = 0;
  EXPECT(TILLREGISTER_OK, tillregister_pairing_start(&options, 0, &pairing));
  EXPECT(TILLREGISTER_NOT_NOW, tillregister_pairing_type(pairing, 0, 1));
  EXPECT(TILLREGISTER_NOT_NOW, tillregister_pairing_keys(pairing, &keys));
  EXPECT(TILLREGISTER_NULL, tillregister_pairing_keys(pairing, NULL));
  EXPECT(TILLREGISTER_ROOM, tillregister_pairing_send(pairing, 0, frame, 1, &count));
  EXPECT(TILLREGISTER_READY, tillregister_pairing_send(pairing, 0, frame, sizeof frame, &count));
  EXPECT(TILLREGISTER_OK, tillregister_pairing_deadline(pairing, 0, &when));
  if (when != 500000000) failures++;  // the first repetition
  EXPECT(TILLREGISTER_SIZE,
         tillregister_pairing_receive(pairing, 0, frame, SIZE_MAX, &taken, &event));
  EXPECT(TILLREGISTER_OK,
         tillregister_pairing_receive(pairing, 0, frame, count, &taken, &event));
  taken = 0;
  EXPECT(TILLREGISTER_READY,
         tillregister_pairing_receive(pairing, 120000000000, frame, 0, &taken, &event));
  if (event.type != TILLREGISTER_NO_ANSWER) failures++;
  EXPECT(TILLREGISTER_OK, tillregister_pairing_cancel(pairing));
  tillregister_pairing_free(pairing);
  tillregister_pairing_free(NULL);
  EXPECT(TILLREGISTER_NULL, tillregister_pairing_cancel(NULL));
  EXPECT(TILLREGISTER_NULL, tillregister_pairing_type(NULL, 0, 1));
  EXPECT(TILLREGISTER_NULL, tillregister_pairing_deadline(NULL, 0, &when));
  EXPECT(TILLREGISTER_NULL, tillregister_pairing_send(NULL, 0, frame, 1, &count));
  EXPECT(TILLREGISTER_NULL, tillregister_pairing_receive(NULL, 0, frame, 0, &taken, &event));
}

// Handles are pages of their own, which a leak checker of the heap does not see.
static int mappings(void) {
  FILE *file = fopen("/proc/self/maps", "r");
  int lines = 0, letter;
  while (file && (letter = getc(file)) != EOF) lines += letter == '\n';
  if (file) fclose(file);
  return lines;
}

static void try_leaks(void) {
  tillregister_options options = good_options();
  int before = 0;
  for (int round = 0; round < 1000; round++) {
    uint8_t frame[TILLREGISTER_FRAME];
    size_t count;
    tillregister *till;
    EXPECT(TILLREGISTER_OK, tillregister_create(&options, 0, &till));
    EXPECT(TILLREGISTER_READY, tillregister_send(till, 0, frame, sizeof frame, &count));
    tillregister_free(till);
    if (round == 10) before = mappings();
  }
  if (mappings() > before) {
    printf("%d mappings, then %d\n", before, mappings());
    failures++;
  }
}

int main(void) {
  tillregister *till = NULL;
  tillregister_options options = good_options();
  uint8_t one[TILLREGISTER_FRAME], two[TILLREGISTER_FRAME];
  size_t count = 0, other = 0;
  int seed = 7;
  try_creation();
  try_nothing();
  options.random = no_random;
  EXPECT(TILLREGISTER_OK, tillregister_create(&options, 0, &till));
  EXPECT(TILLREGISTER_NO_RANDOM, tillregister_send(till, 0, one, sizeof one, &count));
  tillregister_free(till);
  options.random = fixed_random;
  options.context = &seed;
  EXPECT(TILLREGISTER_OK, tillregister_create(&options, 0, &till));
  EXPECT(TILLREGISTER_READY, tillregister_send(till, 0, one, sizeof one, &count));
  tillregister_free(till);
  EXPECT(TILLREGISTER_OK, tillregister_create(&options, 0, &till));
  EXPECT(TILLREGISTER_READY, tillregister_send(till, 0, two, sizeof two, &other));
  if (count != other || memcmp(one, two, count) != 0) failures++;  // nothing else is random
  tillregister_free(till);
  options.random = NULL;
  EXPECT(TILLREGISTER_OK, tillregister_create(&options, 0, &till));
  try_bytes(till);
  try_payments(till);
  try_codes(till);
  try_others(till);
  try_log(till);
  try_records(till);
  tillregister_free(till);
  options.record_key = NULL;
  EXPECT(TILLREGISTER_OK, tillregister_create(&options, 0, &till));
  EXPECT(TILLREGISTER_NO_RECORD_KEY, tillregister_open_record(till, one, 1, two, 1, &count));
  tillregister_free(till);
  try_keys();
  try_pairing();
  try_leaks();
  for (int32_t code = -200; code < 10; code++)
    if (!tillregister_error_text(code)) failures++;
  printf("%d failures\n", failures);
  return failures ? 1 : 0;
}
