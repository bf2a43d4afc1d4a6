// Takes one payment with the register kit: a whole register in C, but for the acquirer, whose
// approval code is given on the command line.
//
//   cc $(pkg-config --cflags tillregister) pay.c $(pkg-config --libs tillregister) -o pay
//   ./pay /dev/ttyUSB0 keys records K7-000123 1250 [APPROVAL]
//
// 1250 are cents. With APPROVAL the payment is approved under that code once a card was captured;
// without it the capture is the end. `keys` is a key file (`tillregister_read_keys`), `records` is
// made and grows by each record. Exit status: 0 paid, 1 not paid, 2 something is wrong here.
#include "line.h"

// ---- The store: origin, first index, the tree before it; then size and bytes of each record ----

typedef struct {
  int file;
  int is_new;
  uint8_t origin[16];
  uint64_t first;
  uint8_t peaks[480];
  size_t peaks_size;  // 32 bytes for each bit of `first`
} Store;

static void write_all(int file, const void *bytes, size_t count) {
  if (write(file, bytes, count) != (ssize_t)count || fsync(file) != 0)
    die("records", strerror(errno));
}

static Store open_store(const char *path) {
  Store store = {.file = open(path, O_RDWR | O_CREAT, 0600), .is_new = 1};
  if (store.file < 0) die(path, strerror(errno));
  if (read(store.file, store.origin, 16) == 16 && read(store.file, &store.first, 8) == 8) {
    store.peaks_size = 32 * (size_t)__builtin_popcountll(store.first);
    if (store.peaks_size > sizeof store.peaks ||
        read(store.file, store.peaks, store.peaks_size) != (ssize_t)store.peaks_size)
      die(path, "damaged");
    store.is_new = 0;
  }
  return store;
}

// The next record from `*place` on; 0 at the end.
static size_t read_record(const Store *store, off_t *place, uint8_t *record) {
  uint8_t size[2];
  if (pread(store->file, size, 2, *place) != 2) return 0;
  size_t count = (size_t)(size[0] << 8 | size[1]);
  if (count > TILLREGISTER_RECORD_SIZE ||
      pread(store->file, record, count, *place + 2) != (ssize_t)count)
    return 0;
  *place += 2 + (off_t)count;
  return count;
}

static off_t first_record(const Store *store) { return 24 + (off_t)store->peaks_size; }

// The register knows again what it holds.
static void restore(tillregister *till, Store *store) {
  uint8_t record[TILLREGISTER_RECORD_SIZE];
  off_t end = store->is_new ? 0 : first_record(store);
  for (size_t count; !store->is_new && (count = read_record(store, &end, record)) > 0;)
    check("restore", tillregister_restore(till, record, count));
  // A power cut may have left half a record: it was not acknowledged and comes again.
  if (ftruncate(store->file, end) != 0 || lseek(store->file, end, SEEK_SET) != end)
    die("records", strerror(errno));
}

static void give_back(tillregister *till, const Store *store, uint64_t index) {
  uint8_t record[TILLREGISTER_RECORD_SIZE];
  off_t place = first_record(store);
  size_t count = 1;
  for (uint64_t at = store->first; at <= index && count > 0; at++)
    count = read_record(store, &place, record);
  if (count > 0) check("give back", tillregister_give_back(till, index, record, count));
}

// A log that is not known: this example keeps one log a file.
static void begin_store(Store *store, const tillregister_event *event) {
  if (!store->is_new) die("records", "the controller has another log; keep this file, begin a new");
  uint8_t head[24 + sizeof store->peaks];
  memcpy(head, event->origin, 16);
  memcpy(head + 16, &event->index, 8);
  if (event->peaks_size > 0) memcpy(head + 24, event->peaks, event->peaks_size);
  write_all(store->file, head, 24 + event->peaks_size);
  store->is_new = 0;
  store->first = event->index;
  store->peaks_size = event->peaks_size;
}

static void add_record(Store *store, const uint8_t *record, size_t count) {
  uint8_t entry[2 + TILLREGISTER_RECORD_SIZE] = {(uint8_t)(count >> 8), (uint8_t)count};
  memcpy(entry + 2, record, count);
  write_all(store->file, entry, 2 + count);
}

// ---- Traffic ----

static void send_frames(tillregister *till, int line) {
  uint8_t frame[TILLREGISTER_FRAME];
  size_t count;
  int32_t code;
  while ((code = tillregister_send(till, now(), frame, sizeof frame, &count)) > 0)
    write_line(line, frame, count);
  check("send", code);
}

// ---- The payment ----

typedef struct {
  tillregister *till;
  Store store;
  const char *reference;
  const char *approval;
  int result;  // -1 while it goes on
} Sale;

static void approve(Sale *sale) {
  tillregister_report report = {.size = sizeof report, .reference = sale->reference};
  report.outcome = 2;
  report.approval = sale->approval;
  check("report", tillregister_report_outcome(sale->till, &report));
}

static void print_record(Sale *sale, const tillregister_event *event) {
  uint8_t record[TILLREGISTER_RECORD_SIZE];
  size_t count;
  check("record", tillregister_open_record(
      sale->till, event->record, event->record_size, record, sizeof record, &count));
  tillregister_value card = {.size = sizeof card}, amount = {.size = sizeof amount};
  check("amount", tillregister_find(record, count, (uint32_t[]){6, 0}, 2, &amount));
  printf("record %llu: %llu", (unsigned long long)event->index, (unsigned long long)amount.number);
  if (tillregister_find(record, count, (uint32_t[]){11}, 1, &card) == TILLREGISTER_OK)
    printf(", card %.*s", (int)card.count, (const char *)card.bytes);
  printf("\n");
}

static void take_step(Sale *sale, const tillregister_event *event) {
  const char *step = tillregister_step_text(event->kind);
  printf("%s", step ? step : "something new");
  if (event->reason) printf(": %s", tillregister_reason_text(event->reason));
  printf("\n");
  if (event->kind == 12 && sale->approval) approve(sale);
  if (event->is_final && strcmp(event->reference, sale->reference) == 0) {
    const char *outcome = tillregister_outcome_text(event->outcome);
    printf("outcome: %s\n", outcome ? outcome : "unknown");
    sale->result = event->outcome >= 1 && event->outcome <= 3 ? 0 : 1;
  }
}

static void take_event(Sale *sale, const tillregister_event *event) {
  switch (event->type) {
    case TILLREGISTER_LINK_UP:
      if (event->standing == TILLREGISTER_NEW_ORIGIN)
        begin_store(&sale->store, event);
      if (event->standing == TILLREGISTER_MISSING) die("records", "some are lost: call somebody");
      if (event->standing == TILLREGISTER_FORKED_LOG) die("records", "not the controller's");
      break;
    case TILLREGISTER_FORKED: die("records", "not the controller's: call somebody"); break;
    case TILLREGISTER_RECALL: give_back(sale->till, &sale->store, event->index); break;
    case TILLREGISTER_RESPONSE:
      if (event->is_accepted) break;
      printf("refused: %s\n", tillregister_reason_text(event->reason));
      if (event->request == 1) sale->result = 1;
      break;
    case TILLREGISTER_EVENT: take_step(sale, event); break;
    case TILLREGISTER_RECORD_IN:
      add_record(&sale->store, event->record, event->record_size);
      check("acknowledge", tillregister_acknowledge(sale->till, event->index));
      print_record(sale, event);
      break;
    default: break;
  }
  fflush(stdout);
}

static tillregister *open_till(const char *key_path, Store *store) {
  char text[4096];
  FILE *file = fopen(key_path, "r");
  if (!file) die(key_path, strerror(errno));
  size_t count = fread(text, 1, sizeof text, file);
  fclose(file);
  tillregister_keys keys;
  uint32_t line;
  check(key_path, tillregister_read_keys(text, count, &keys, &line));
  tillregister_options options = {
      .size = sizeof options, .secret = keys.secret, .controller = keys.controller,
      .record_key = keys.record_key, .origin = store->is_new ? NULL : store->origin,
      .held = store->first, .peaks = store->peaks, .peaks_size = store->peaks_size};
  tillregister *till;
  check("create", tillregister_create(&options, now(), &till));
  restore(till, store);
  tillregister_wipe(text, sizeof text);
  tillregister_wipe(&keys, sizeof keys);
  return till;
}

int main(int count, char **words) {
  if (count < 6) die("usage", "pay LINE KEYS RECORDS REFERENCE CENTS [APPROVAL]");
  int line = open_line(words[1]);
  Sale sale = {.store = open_store(words[3]), .reference = words[4], .result = -1};
  sale.approval = count > 6 ? words[6] : NULL;
  sale.till = open_till(words[2], &sale.store);
  check("time", tillregister_set_time(sale.till, now(), (uint64_t)time(NULL) * 1000));
  tillregister_payment payment = {
      .size = sizeof payment, .reference = sale.reference, .amount = strtoull(words[5], NULL, 10),
      .currency = 978, .exponent = 2, .seconds = 60, .methods = TILLREGISTER_STRIPE,
      .outcome_seconds = sale.approval ? 60 : 0};
  check("payment", tillregister_pay(sale.till, &payment));

  uint64_t end = 0;  // after the outcome a moment for its record and acknowledgement
  while (sale.result < 0 || now() < end) {
    send_frames(sale.till, line);
    uint8_t bytes[1024];
    uint64_t when;
    check("deadline", tillregister_deadline(sale.till, now(), &when));
    size_t taken = 0, came = read_line(line, when, bytes, sizeof bytes);
    tillregister_event event = {.size = sizeof event};
    int32_t code;
    while ((code = tillregister_receive(sale.till, now(), bytes, came, &taken, &event)) > 0) {
      take_event(&sale, &event);
      if (sale.result >= 0) end = now() + 500000000;
    }
    check("receive", code);
  }
  send_frames(sale.till, line);
  tillregister_free(sale.till);
  close(line);
  close(sale.store.file);
  return sale.result;
}
