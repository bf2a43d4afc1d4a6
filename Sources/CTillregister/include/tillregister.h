// A cash register's end of Tillgate's link, for programs in C and in every language that calls C.
//
// The library does no input and output and knows no clock: hand it the bytes that the line brought
// and the time, write the bytes it gives, and keep the records it shows. The line, the disk and the
// clock are yours. It holds no state but that of its handles: threads may use different handles at
// the same time, and one handle one after the other.
//
//   1. `tillregister_create`;
//   2. for ever: wait for bytes of the line until `tillregister_deadline`, pass them to
//      `tillregister_receive` for as long as it returns TILLREGISTER_READY, then write what
//      `tillregister_send` gives for as long as it returns TILLREGISTER_READY;
//   3. requests may be made at any time: they are kept, sent when there is a session, and repeated
//      until they are answered by an event;
//   4. a record that an event shows is stored where a power cut does not reach it, and only then
//      `tillregister_acknowledge` is called. What is not acknowledged comes again.
//
// Every function that returns int32_t gives TILLREGISTER_OK (0), TILLREGISTER_READY (1) or an error
// below zero, for which there is a text. A null, a wrong size or a call out of order is an error
// and nothing else happens. Times are nanoseconds of one monotonic clock of yours; a time before an
// earlier one counts as the earlier one.
//
// docs/PROTOCOL.md says what the numbers mean (sections 5 and 7) and what a record holds (8).
#ifndef TILLREGISTER_H
#define TILLREGISTER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// One register at one controller.
typedef struct tillregister tillregister;

enum {
  TILLREGISTER_READY = 1,
  TILLREGISTER_OK = 0,
  TILLREGISTER_NULL = -1,
  TILLREGISTER_STRUCT_SIZE = -2,
  TILLREGISTER_NO_MEMORY = -3,
  TILLREGISTER_NO_RANDOM = -4,
  TILLREGISTER_KEY = -5,
  TILLREGISTER_BAUD = -6,
  TILLREGISTER_ROOM = -7,
  TILLREGISTER_REFERENCE = -8,
  TILLREGISTER_NOT_SHOWN = -9,
  TILLREGISTER_NO_RECORD_KEY = -10,
  TILLREGISTER_NOT_SEALED = -11,
  TILLREGISTER_OTHER_KEY = -12,
  TILLREGISTER_FORGED = -13,
  TILLREGISTER_RECORD = -14,
  TILLREGISTER_CBOR = -15,
  TILLREGISTER_ABSENT = -16,
  TILLREGISTER_SIZE = -17,
  TILLREGISTER_TEXT = -18,
  TILLREGISTER_KEY_FILE = -19,
  TILLREGISTER_NOT_NOW = -20,
  // A field of a payment, report or choice: this minus its key in docs/PROTOCOL.md section 5.
  TILLREGISTER_FIELD = -100
};

// English, without a full stop; for every number. Never null.
const char *tillregister_error_text(int32_t error);

// What docs/PROTOCOL.md section 7 calls a number, or null where it has no name.
const char *tillregister_reason_text(uint64_t reason);
const char *tillregister_step_text(uint64_t event_kind);
const char *tillregister_prompt_text(uint64_t prompt);
const char *tillregister_outcome_text(uint64_t outcome);
const char *tillregister_kind_text(uint64_t kind);

// The library's version, such as "0.1.0".
const char *tillregister_version(void);

// ---- Keys ----

typedef struct {
  uint8_t secret[32];      // the register's static X25519 secret key
  uint8_t controller[32];  // the controller's static X25519 public key
  uint8_t record_key[32];  // opens records
} tillregister_keys;

// Reads the text of a key file, one `name = 64 hexadecimal digits` a line, with the names
// register-secret, controller-public and record-key, each once, blank lines and # comments.
// After TILLREGISTER_KEY_FILE `*line` is the line that is wrong, or 0 when a name is missing.
int32_t tillregister_read_keys(
    const char *text, size_t count, tillregister_keys *keys, uint32_t *line);

// Makes a static key pair: the public half of 32 bytes, which are all that a secret key is.
int32_t tillregister_public_key(const uint8_t secret[32], uint8_t public_key[32]);

// Overwrites bytes in a way that no compiler leaves out.
void tillregister_wipe(void *bytes, size_t count);

// ---- Life ----

// Structures that you fill in begin with their size (`x.size = sizeof x` after zeroing it): a
// program that was built with an older header goes on working with a newer library. The other way
// round works as long as what the library does not know is zero.
typedef struct {
  size_t size;
  uint32_t baud;                  // bits per second on the line; 0: 115200
  const uint8_t *secret;          // 32 bytes, copied, as are the others
  const uint8_t *controller;      // 32 bytes
  const uint8_t *record_key;      // 32 bytes; null: records are not opened here
  const uint8_t *origin;          // 16 bytes: the log whose records are stored; null: none yet
  uint64_t held;                  // how many of its records `peaks` covers; see below
  // Puts `count` random bytes, fit for keys, into `bytes` and returns 0. Null: the system's.
  int32_t (*random)(void *context, uint8_t *bytes, size_t count);
  void *context;                  // handed to `random`
  const uint8_t *peaks;           // the tree over the first `held` records, or null if that is 0
  size_t peaks_size;              // 32 bytes for each bit of `held` that is set
} tillregister_options;

// Makes a handle, in locked memory that core files leave out.
int32_t tillregister_create(
    const tillregister_options *options, uint64_t now, tillregister **handle);

// The register is a witness: with each acknowledgement it states the root of the tree over its
// records (docs/PROTOCOL.md, section 6). Keep what LINK_UP said of a log that was new: `origin`,
// `index` and `peaks`. At a start hand them over as `origin`, `held` and `peaks`, and then, before
// anything is sent, each stored record in order:
int32_t tillregister_restore(tillregister *handle, const uint8_t *record, size_t size);

// Wipes all keys and gives the memory back. Null is nothing.
void tillregister_free(tillregister *handle);

// ---- Bytes ----

enum { TILLREGISTER_FRAME = 640 };  // no frame is longer

// Puts the next frame to write into `frame`, which has room for TILLREGISTER_FRAME bytes, and its
// size into `count`: TILLREGISTER_READY, or TILLREGISTER_OK when there is none now.
int32_t tillregister_send(
    tillregister *handle, uint64_t now, uint8_t *frame, size_t room, size_t *count);

// When to call `tillregister_send` next if nothing comes before. Call it after the frames of now
// were taken; a received byte or a request may change it.
int32_t tillregister_deadline(tillregister *handle, uint64_t now, uint64_t *when);

enum {
  TILLREGISTER_LINK_UP = 1,     // a session, or an answer to the time: `standing`, `count`,
                                // `origin`, `epoch`; of a log that is new also `index`, of the
                                // first record that comes, and `peaks`, the tree before it
  TILLREGISTER_RESPONSE = 2,    // to `request` for `reference`: `is_accepted`, `reason`
  TILLREGISTER_EVENT = 3,       // a step: `kind`, `reason`, `prompt`, `outcome` …
  TILLREGISTER_RECORD_IN = 4,   // the next record: `index`, `record`; store, then acknowledge
  TILLREGISTER_COPY = 5,        // a record that was asked for and had been taken: `index`, `record`
  TILLREGISTER_STATUS = 6,      // of `reference`: `state`, `reason`, `index`
  TILLREGISTER_TOTALS = 7,      // see `message`
  TILLREGISTER_DIAGNOSIS = 8,   // see `message`
  TILLREGISTER_ERROR = 9,       // the controller cannot read a message of type `request`: it is
                                // not asked again
  TILLREGISTER_RECALL = 10,     // a power cut took record `index` from the controller: give it back
  TILLREGISTER_FORKED = 11      // the controller's log is not ours: an alarm, no more records come
};

enum {                          // standing
  TILLREGISTER_CONTINUOUS = 0,  // nothing is missing
  TILLREGISTER_NEW_ORIGIN = 1,  // a log that was not known
  TILLREGISTER_MISSING = 2,     // `count` records are lost for this register: an alarm
  TILLREGISTER_FORKED_LOG = 3,  // as many records, and not the same: an alarm
  TILLREGISTER_AHEAD = 4        // the controller lost its last `count` records: see RECALL
};

enum {                          // state
  TILLREGISTER_NOT_FOUND = 0,
  TILLREGISTER_IN_PROGRESS = 1,
  TILLREGISTER_PROCESSED = 2,   // the record `index` says how; it comes too
  TILLREGISTER_ENDED = 3        // without a record, for `reason`
};

// What came. Fields that the type does not have are 0. The pointers hold until the next
// `tillregister_receive`.
typedef struct {
  size_t size;                  // sizeof(tillregister_event), set by you
  uint8_t type;
  uint8_t standing;
  uint8_t state;
  uint8_t request;              // message type: 1 payment, 2 abort, 6 report, 7 choice, 11 code
  uint8_t is_accepted;
  uint8_t kind;                 // of event
  uint8_t reason;
  uint8_t prompt;
  uint8_t outcome;
  uint8_t is_final;             // nothing but records comes for this transaction any more
  uint16_t methods;
  char reference[36];           // empty: of no transaction
  uint8_t origin[16];
  uint64_t index;
  uint64_t count;
  uint64_t amount;              // what the customer pays, in minor units; see `has_amount`
  uint64_t unix_milliseconds;   // 0: the controller did not know
  uint64_t uptime_milliseconds; // on the controller's monotonic clock
  uint64_t epoch;               // of LINK_UP: counts the controller's starts
  uint8_t has_amount;
  uint8_t reserved[7];
  const uint8_t *message;       // the message it came in, CBOR as in section 5
  size_t message_size;
  const uint8_t *record;        // the sealed record; of a RESPONSE to 11, what to show as a code
  size_t record_size;
  const uint8_t *peaks;
  size_t peaks_size;
} tillregister_event;

// Takes bytes of the line from `*taken` on, up to the next event: TILLREGISTER_READY and the event,
// or TILLREGISTER_OK when all of them are taken. `*taken` is 0 at first and moves on by itself.
int32_t tillregister_receive(
    tillregister *handle, uint64_t now, const uint8_t *bytes, size_t count, size_t *taken,
    tillregister_event *event);

// Says that record `index`, the last that was shown, is stored where a power cut does not reach it.
int32_t tillregister_acknowledge(tillregister *handle, uint64_t index);

// Gives a record back that the controller has lost (RECALL), sealed as it came.
int32_t tillregister_give_back(
    tillregister *handle, uint64_t index, const uint8_t *record, size_t size);

// ---- Requests ----

enum { TILLREGISTER_STRIPE = 1, TILLREGISTER_CONTACTLESS = 2, TILLREGISTER_CODE = 4 };  // methods

enum {                          // kinds
  TILLREGISTER_SALE = 1,
  TILLREGISTER_REFUND = 2,
  TILLREGISTER_REVERSAL = 3,
  TILLREGISTER_CARD_ACQUISITION = 4,
  TILLREGISTER_PRE_AUTHORISATION = 5,
  TILLREGISTER_COMPLETION = 6
};

enum {                          // tips
  TILLREGISTER_NO_TIP = 0,
  TILLREGISTER_TIP = 1,          // `tip` minor units
  TILLREGISTER_TIP_SHARE = 2,    // `tip` hundredths of a percent of the amount
  TILLREGISTER_TIP_ASKED = 3     // asked for, within `tip` seconds: see `tillregister_choose`
};

// Texts are printable ASCII, and null or empty where there is none.
typedef struct {
  size_t size;
  const char *reference;        // 1 to 32 characters, never used for two transactions
  uint64_t amount;              // minor units of the currency, without the tip
  uint16_t currency;            // ISO 4217 numeric
  uint8_t exponent;             // decimal places: those of the currency
  uint8_t kind;                 // 0: a sale
  uint16_t seconds;             // to wait for a card, 1 to 3600
  uint16_t methods;             // added up; 0 only with `original`
  uint16_t outcome_seconds;     // to report the outcome, 1 to 600; 0: the capture is the end
  uint8_t chip_policy;          // stripes of chip cards: 0 taken, 1 after a failed tap, 2 never
  uint8_t without_steps;        // 1: no events that only show progress
  const char *original;         // the transaction that this one is about
  uint8_t limited;              // methods that `limits` holds for
  uint8_t tip_kind;
  uint8_t part;                 // part of the check, from 1 …
  uint8_t parts;                // … and of how many; 0: not split
  uint64_t limits[3];           // most for stripe, contactless and code, tip included
  uint64_t tip;
  const char *table;            // 1 to 16 characters
  const char *check;            // 1 to 16 characters
} tillregister_payment;

// Starts a transaction. Ends with a RESPONSE that is not accepted, or an EVENT that is final. A
// request that is still unanswered is replaced.
int32_t tillregister_pay(tillregister *handle, const tillregister_payment *payment);

typedef struct {
  size_t size;
  const char *reference;
  uint64_t amount;              // what was approved; counts if `has_amount`
  const char *approval;         // the acquirer's code, 1 to 16 characters
  uint8_t outcome;              // 2 approved, 3 for less, 4 declined, 8 failed
  uint8_t reason;               // why it was declined or failed
  uint8_t has_amount;
  uint8_t needs_signature;
} tillregister_report;

// Reports how the authorisation of a captured card ended.
int32_t tillregister_report_outcome(tillregister *handle, const tillregister_report *report);

// Answers the step `tip wanted` with what the customer chose, 0 for none.
int32_t tillregister_choose(tillregister *handle, const char *reference, uint64_t tip);

// A code that the merchant shows and the customer scans.
typedef struct {
  size_t size;
  const char *reference;        // at most 25 characters: it goes into the code
  uint64_t amount;              // minor units, above zero
  const char *payload;          // the acquirer's for this merchant, 1 to 512 bytes
  uint16_t currency;            // the payload's
  uint8_t exponent;
  uint8_t reserved[5];
} tillregister_code;

// Asks for the payload of one payment's code. Ends with a RESPONSE to request 11, whose `record` is
// the payload to show. What the customer paid is heard from the acquirer.
int32_t tillregister_make_code(tillregister *handle, const tillregister_code *code);

int32_t tillregister_abort(tillregister *handle, const char *reference);

// Asks what became of a transaction: a STATUS and, where there is one, its record. Asked once the
// transaction's own request, if that is still repeated, is answered.
int32_t tillregister_query_status(tillregister *handle, const char *reference);

// Asks for the open period's totals: a TOTALS.
int32_t tillregister_query_totals(tillregister *handle);

// Closes a period, which `message` of a TOTALS names with key 1, and asks for its totals.
int32_t tillregister_close_period(tillregister *handle, uint64_t epoch, uint64_t number);

// Asks how the controller fares: a DIAGNOSIS.
int32_t tillregister_query_diagnosis(tillregister *handle);

// Tells the controller the time of day: at once, and at the start of every session from then on.
int32_t tillregister_set_time(tillregister *handle, uint64_t now, uint64_t unix_milliseconds);

// Stops asking for whatever was not answered. What the controller began goes on.
int32_t tillregister_cancel_requests(tillregister *handle);

// ---- State ----

typedef struct {
  size_t size;
  uint64_t is_open;             // there is a session
  uint64_t frames;              // good ones
  uint64_t noise;               // frames broken on the line
  uint64_t sessions;
  uint64_t forged;              // good frames with a wrong tag: somebody's work, tell the operator
  uint64_t replayed;
  uint64_t malformed;           // authentic messages that were not understood
  uint64_t duplicates;          // records that came again
  uint64_t early;               // records that came before the ones they follow
  uint64_t repeats;             // requests that were sent again
  uint64_t repaired;            // good frames with wrong bytes that parity put right
} tillregister_counts;

int32_t tillregister_get_counts(tillregister *handle, tillregister_counts *counts);

// ---- Pairing ----

// A register that is being paired: it takes the line until it has the keys. Somebody opens the
// controller's window, this handle is made and served like the other, and after TYPE_CODE the six
// digits that the controller shows are typed here. docs/PROTOCOL.md section 9.
typedef struct tillregister_pairing tillregister_pairing;

typedef struct {
  size_t size;
  uint32_t baud;                  // 0: 115200
  const uint8_t *secret;          // 32 random bytes, the register's static secret key for ever
  const char *name;               // in the controller's list: at most 16 characters; null: none
  int32_t (*random)(void *context, uint8_t *bytes, size_t count);  // null: the system's
  void *context;
} tillregister_pairing_options;

enum {
  TILLREGISTER_TYPE_CODE = 1,     // the controller shows a code: type it within a minute
  TILLREGISTER_PAIRED = 2,        // `tillregister_pairing_keys` has the keys: store them
  TILLREGISTER_NO_ANSWER = 3,     // is the window open, is the line right?
  TILLREGISTER_CODE_EXPIRED = 4,  // nobody typed it in time
  TILLREGISTER_REFUSED = 5,       // by the controller, `refusal` says why: section 9
  TILLREGISTER_IMPOSTOR = 6       // whoever answers does not know the code: look at the cable
};

typedef struct {
  size_t size;
  uint8_t type;
  uint8_t refusal;                // 1 wrong code, 2 too late, 3 not stored, 4 eight are paired
  uint8_t reserved[6];
} tillregister_pairing_event;

// Asks the controller for two minutes.
int32_t tillregister_pairing_start(
    const tillregister_pairing_options *options, uint64_t now, tillregister_pairing **pairing);
void tillregister_pairing_free(tillregister_pairing *pairing);

// As `tillregister_send`, `tillregister_deadline` and `tillregister_receive`. The last is also to
// be called when nothing came: time alone may end a pairing.
int32_t tillregister_pairing_send(
    tillregister_pairing *pairing, uint64_t now, uint8_t *frame, size_t room, size_t *count);
int32_t tillregister_pairing_deadline(
    tillregister_pairing *pairing, uint64_t now, uint64_t *when);
int32_t tillregister_pairing_receive(
    tillregister_pairing *pairing, uint64_t now, const uint8_t *bytes, size_t count,
    size_t *taken, tillregister_pairing_event *event);

// The code that somebody typed, below a million: one try.
int32_t tillregister_pairing_type(tillregister_pairing *pairing, uint64_t now, uint32_t code);

// Gives up; a controller that shows a code is told by the next frame.
int32_t tillregister_pairing_cancel(tillregister_pairing *pairing);

// All that a register keeps, after PAIRED.
int32_t tillregister_pairing_keys(tillregister_pairing *pairing, tillregister_keys *keys);

// ---- Records and messages ----

enum { TILLREGISTER_RECORD_SIZE = 560 };  // no sealed record is longer

// Opens a sealed record, checks it, and puts it (CBOR as in section 8) into `record`.
int32_t tillregister_open_record(
    tillregister *handle, const uint8_t *sealed, size_t sealed_size, uint8_t *record, size_t room,
    size_t *count);

enum {                          // value types
  TILLREGISTER_UNSIGNED = 0,    // `number`
  TILLREGISTER_NEGATIVE = 1,    // -1 - `number`
  TILLREGISTER_BYTES = 2,       // `bytes`, `count`
  TILLREGISTER_UTF8 = 3,        // `bytes`, `count`; no zero behind it
  TILLREGISTER_ARRAY = 4,       // `count` elements
  TILLREGISTER_MAP = 5,         // `count` entries
  TILLREGISTER_BOOL = 7         // `number` 0 or 1
};

typedef struct {
  size_t size;
  uint64_t number;
  const uint8_t *bytes;         // in the CBOR that was given
  size_t count;
  uint8_t type;
  uint8_t reserved[7];
} tillregister_value;

// Finds a value in CBOR of this library's making: each step of the path is a key of a map or a
// position, from 0, in an array. Without a path it is the whole. TILLREGISTER_ABSENT if there is
// none.
int32_t tillregister_find(
    const uint8_t *cbor, size_t size, const uint32_t *path, size_t steps,
    tillregister_value *value);

#ifdef __cplusplus
}
#endif
#endif
