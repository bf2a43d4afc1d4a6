#include "clinux.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

long tg_write(int descriptor, const void *bytes, size_t size) {
  ssize_t written = write(descriptor, bytes, size);
  return written < 0 ? -errno : written;
}

uint64_t tg_unix_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}
