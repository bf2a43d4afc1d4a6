#include "clinux.h"

#include <errno.h>
#include <unistd.h>

long tg_write(int descriptor, const void *bytes, size_t size) {
  ssize_t written = write(descriptor, bytes, size);
  return written < 0 ? -errno : written;
}
