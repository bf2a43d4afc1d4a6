// Pairs a register with a controller and writes its key file: what is done once, when a till is set
// up.
//
//   cc $(pkg-config --cflags tillregister) pair.c $(pkg-config --libs tillregister) -o pair
//   ./pair /dev/ttyUSB0 keys "till 3"
//
// Somebody opens the controller's window (its button, or `tillgate pair open`) and types here the
// six digits that the controller shows. `keys` must not be there yet. Exit status: 0 paired, 1 not
// paired, 2 something is wrong here.
#include "line.h"

static void write_key(FILE *file, const char *name, const uint8_t key[32]) {
  fprintf(file, "%s = ", name);
  for (int index = 0; index < 32; index++) fprintf(file, "%02x", key[index]);
  fprintf(file, "\n");
}

// Made durable before anybody relies on it: the controller has stored its half already.
static void write_keys(int descriptor, tillregister_pairing *pairing) {
  tillregister_keys keys;
  FILE *file = fdopen(descriptor, "w");
  check("keys", tillregister_pairing_keys(pairing, &keys));
  write_key(file, "register-secret", keys.secret);
  write_key(file, "controller-public", keys.controller);
  write_key(file, "record-key", keys.record_key);
  tillregister_wipe(&keys, sizeof keys);
  if (fflush(file) != 0 || fsync(fileno(file)) != 0) die("keys", strerror(errno));
  fclose(file);
}

static uint32_t ask_code(void) {
  char typed[16];
  printf("code that the controller shows: ");
  fflush(stdout);
  return fgets(typed, sizeof typed, stdin) ? (uint32_t)strtoul(typed, NULL, 10) : 1000000;
}

// What came; the exit status, or -1 while it goes on.
static int take(const tillregister_pairing_event *event, tillregister_pairing *pairing, int file) {
  switch (event->type) {
    case TILLREGISTER_TYPE_CODE:
      if (tillregister_pairing_type(pairing, now(), ask_code()) == TILLREGISTER_OK) return -1;
      check("cancel", tillregister_pairing_cancel(pairing));
      printf("that is no code\n");
      return 1;
    case TILLREGISTER_PAIRED:
      write_keys(file, pairing);
      printf("paired\n");
      return 0;
    case TILLREGISTER_NO_ANSWER: printf("no answer: is the window open?\n"); return 1;
    case TILLREGISTER_CODE_EXPIRED: printf("the code was not typed in time\n"); return 1;
    case TILLREGISTER_REFUSED: printf("refused, reason %d\n", event->refusal); return 1;
    default: printf("whoever answers is not the controller: look at the cable\n"); return 1;
  }
}

int main(int count, char **words) {
  if (count < 4) die("usage", "pair LINE KEYS NAME");
  int line = open_line(words[1]), random = open("/dev/urandom", O_RDONLY), result = -1;
  int file = open(words[2], O_WRONLY | O_CREAT | O_EXCL, 0600);
  uint8_t secret[32];
  if (file < 0) die(words[2], strerror(errno));
  if (read(random, secret, 32) != 32) die("random", strerror(errno));
  tillregister_pairing_options options = {
      .size = sizeof options, .secret = secret, .name = words[3]};
  tillregister_pairing *pairing;
  check("pairing", tillregister_pairing_start(&options, now(), &pairing));
  tillregister_wipe(secret, sizeof secret);

  while (result < 0) {
    uint8_t frame[TILLREGISTER_FRAME], bytes[1024];
    size_t size;
    uint64_t when;
    while (tillregister_pairing_send(pairing, now(), frame, sizeof frame, &size) > 0)
      write_line(line, frame, size);
    check("deadline", tillregister_pairing_deadline(pairing, now(), &when));
    size_t taken = 0, came = read_line(line, when, bytes, sizeof bytes);
    tillregister_pairing_event event = {.size = sizeof event};
    while (result < 0 && tillregister_pairing_receive(
               pairing, now(), bytes, came, &taken, &event) > 0)
      result = take(&event, pairing, file);
  }
  tillregister_pairing_free(pairing);
  if (result != 0) unlink(words[2]);
  return result;
}
