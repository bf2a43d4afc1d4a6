// Names of what has a number, for screens and logs.
#include "tillregister.h"

const char *tillregister_version(void) { return "0.1.0"; }

static const char *common_error(int32_t error) {
  switch (error) {
    case TILLREGISTER_READY: return "there is something";
    case TILLREGISTER_OK: return "no error";
    case TILLREGISTER_NULL: return "a pointer that must point somewhere is null";
    case TILLREGISTER_STRUCT_SIZE:
      return "a structure's size is too small, or it uses what this library does not know";
    case TILLREGISTER_NO_MEMORY: return "no memory";
    case TILLREGISTER_NO_RANDOM: return "the source of random bytes failed";
    case TILLREGISTER_KEY: return "a key is none, or no key is there";
    case TILLREGISTER_BAUD: return "a line has 300 to 100000000 bits per second";
    case TILLREGISTER_ROOM: return "the buffer is too small";
    case TILLREGISTER_REFERENCE: return "a reference is 1 to 32 printable ASCII characters";
    case TILLREGISTER_NOT_SHOWN: return "no such record is waiting to be acknowledged";
    case TILLREGISTER_NO_RECORD_KEY: return "the handle was made without a record key";
    case TILLREGISTER_NOT_SEALED: return "these bytes are no sealed record";
    case TILLREGISTER_OTHER_KEY: return "the record is sealed under another key";
    case TILLREGISTER_FORGED: return "the record is not genuine";
    case TILLREGISTER_RECORD: return "the record is genuine, but not one this version understands";
    case TILLREGISTER_CBOR: return "these bytes are no deterministic CBOR";
    case TILLREGISTER_ABSENT: return "there is no such value";
    case TILLREGISTER_SIZE: return "a count is beyond all memory";
    case TILLREGISTER_TEXT: return "a text is too long or not printable ASCII";
    case TILLREGISTER_KEY_FILE:
      return "key files have register-secret, controller-public and record-key, each once, "
             "as NAME = 64 hexadecimal digits";
    case TILLREGISTER_NOT_NOW: return "no code is wanted, or it is none, or nothing is paired yet";
    default: return NULL;
  }
}

const char *tillregister_error_text(int32_t error) {
  const char *text = common_error(error);
  if (text) return text;
  switch (TILLREGISTER_FIELD - (int64_t)error) {
    case 2: return "amount (of a payment), outcome (of a report) or tip: missing or out of range";
    case 3: return "currency: 0 to 999";
    case 4: return "exponent: 0 to 4; of a report: amount missing, or not for this outcome";
    case 5: return "seconds to wait for a card: 1 to 3600; of a report: approval code";
    case 6: return "methods: at least one, unless there is an original";
    case 7: return "kind: 1 to 6";
    case 8: return "original: missing, not for this kind, or the same as the reference";
    case 9: return "seconds to report the outcome: 1 to 600, and not 0 for this request";
    case 10: return "limited: bits of methods";
    case 11: return "tip: out of range, or not for this kind";
    case 12: return "table: 1 to 16 printable ASCII characters";
    case 13: return "check: 1 to 16 printable ASCII characters, and there when it is split";
    case 14: return "part: 1 to parts, parts at most 99";
    case 15: return "chip policy: 0 to 2";
    default: return "unknown error";
  }
}

const char *tillregister_reason_text(uint64_t reason) {
  switch (reason) {
    case 0x00: return "none";
    case 0x64: return "card not readable";
    case 0x65: return "no card data";
    case 0x66: return "processing error";
    case 0x6A: return "store full";
    case 0x6C: return "aborted";
    case 0x6F: return "wrong currency";
    case 0x74: return "keys exhausted";
    case 0x78: return "card expired";
    case 0x7E: return "stripe of a chip card not allowed";
    case 0x83: return "not possible";
    case 0x9A: return "message not understood";
    case 0x9C: return "please wait";
    case 0xB4: return "already reversed";
    case 0xB5: return "reversal not possible";
    case 0xB8: return "tab not open";
    case 0xC3: return "amount too high";
    case 0xC5: return "method not supported";
    case 0xE2: return "reader not answering";
    default: return NULL;
  }
}

const char *tillregister_step_text(uint64_t event_kind) {
  switch (event_kind) {
    case 1: return "waiting for card";
    case 2: return "card seen";
    case 3: return "reading";
    case 4: return "remove card";
    case 5: return "captured";
    case 6: return "card not readable";
    case 7: return "aborted";
    case 8: return "timed out";
    case 9: return "busy";
    case 10: return "device fault";
    case 11: return "tip wanted";
    case 12: return "authorising";
    case 13: return "ended";
    default: return NULL;
  }
}

const char *tillregister_prompt_text(uint64_t prompt) {
  switch (prompt) {
    case 0x03: return "approved";
    case 0x07: return "not authorised";
    case 0x10: return "remove card";
    case 0x14: return "welcome";
    case 0x15: return "present card";
    case 0x16: return "processing";
    case 0x17: return "card read OK, please remove it";
    case 0x18: return "insert or swipe card";
    case 0x19: return "present one card only";
    case 0x1A: return "approved, please sign";
    case 0x1B: return "authorising, please wait";
    case 0x1C: return "try another card";
    case 0x1D: return "insert card";
    case 0x1E: return "";
    case 0x20: return "see phone for instructions";
    case 0x21: return "present card again";
    default: return NULL;
  }
}

const char *tillregister_outcome_text(uint64_t outcome) {
  switch (outcome) {
    case 1: return "captured";
    case 2: return "approved";
    case 3: return "approved for less";
    case 4: return "declined";
    case 5: return "aborted";
    case 6: return "timed out";
    case 7: return "not reported";
    case 8: return "failed";
    default: return NULL;
  }
}

const char *tillregister_kind_text(uint64_t kind) {
  switch (kind) {
    case 1: return "sale";
    case 2: return "refund";
    case 3: return "reversal";
    case 4: return "card acquisition";
    case 5: return "pre-authorisation";
    case 6: return "completion";
    default: return NULL;
  }
}
