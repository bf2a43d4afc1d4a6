// What both examples in C need of the system: a clock, a serial line, and a way to give up.
#ifndef LINE_H
#define LINE_H
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <tillregister.h>

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void die(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(2);
}

static void check(const char *what, int32_t code) {
  if (code < 0) die(what, tillregister_error_text(code));
}

static int open_line(const char *path) {
  int line = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
  struct termios mode;
  if (line < 0 || tcgetattr(line, &mode) != 0) die(path, strerror(errno));
  cfmakeraw(&mode);
  cfsetspeed(&mode, B115200);
  if (tcsetattr(line, TCSANOW, &mode) != 0) die(path, strerror(errno));
  return line;
}

static void write_line(int line, const uint8_t *bytes, size_t count) {
  size_t sent = 0;
  while (sent < count) {
    ssize_t some = write(line, bytes + sent, count - sent);
    if (some > 0) sent += (size_t)some;
    else if (errno != EAGAIN && errno != EINTR) die("line", strerror(errno));
    else poll(&(struct pollfd){.fd = line, .events = POLLOUT}, 1, 100);
  }
}

// Waits for bytes, until `when` and no longer than a second.
static size_t read_line(int line, uint64_t when, uint8_t *bytes, size_t room) {
  uint64_t time = now(), wait = when > time ? (when - time) / 1000000 + 1 : 0;
  struct pollfd ready = {.fd = line, .events = POLLIN};
  if (poll(&ready, 1, wait > 1000 ? 1000 : (int)wait) <= 0) return 0;
  ssize_t count = read(line, bytes, room);
  if (count < 0 && errno != EAGAIN && errno != EINTR) die("line", strerror(errno));
  return count > 0 ? (size_t)count : 0;
}
#endif
