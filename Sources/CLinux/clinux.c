#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

long tg_write(int descriptor, const void *bytes, size_t size) {
  ssize_t written = write(descriptor, bytes, size);
  return written < 0 ? -errno : written;
}

static long read_whole(int descriptor, char *bytes, size_t size) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return -errno;
  if (!S_ISREG(status.st_mode)) return -EINVAL;
  size_t count = 0;
  for (;;) {
    char beyond;
    bool full = count == size;
    ssize_t got = read(descriptor, full ? &beyond : bytes + count, full ? 1 : size - count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) return (long)count;
    if (full) return -EFBIG;
    count += (size_t)got;
  }
}

long tg_read_file(const char *path, void *bytes, size_t size) {
  // Not blocking: a pipe without a writer is refused, not waited for.
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (descriptor < 0) return -errno;
  long count = read_whole(descriptor, bytes, size);
  close(descriptor);
  return count;
}
