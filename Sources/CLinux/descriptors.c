#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
  int reason = errno;
  close(descriptor);
  return -reason;
}

static void make_raw(int descriptor) {
  struct termios settings;
  if (tcgetattr(descriptor, &settings) != 0) return;
  cfmakeraw(&settings);
  tcsetattr(descriptor, TCSANOW, &settings);
}

int tg_stream_open(const char *path, int *kind) {
  struct stat status;
  if (stat(path, &status) != 0) return -errno;
  if (S_ISSOCK(status.st_mode)) {
    *kind = TG_STREAM_SOCKET;
    return connect_to(path);
  }
  if (S_ISREG(status.st_mode)) *kind = TG_STREAM_FILE;
  else if (S_ISFIFO(status.st_mode)) *kind = TG_STREAM_FIFO;
  else if (S_ISCHR(status.st_mode)) *kind = TG_STREAM_TERMINAL;
  else return -EINVAL;
  int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  if (*kind == TG_STREAM_TERMINAL) make_raw(descriptor);
  return descriptor;
}

long tg_stream_read(int descriptor, void *bytes, size_t capacity) {
  ssize_t count = read(descriptor, bytes, capacity);
  if (count > 0) return count;
  if (count == 0) return -EPIPE;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int tg_stream_wait(int descriptor, uint64_t nanoseconds) {
  struct pollfd polled = {.fd = descriptor, .events = POLLIN};
  struct timespec limit = {.tv_sec = (time_t)(nanoseconds / 1000000000),
                           .tv_nsec = (long)(nanoseconds % 1000000000)};
  int ready = ppoll(&polled, 1, &limit, NULL);
  if (ready < 0) return errno == EINTR ? 0 : -errno;
  return ready > 0;
}

void tg_stream_close(int descriptor) { close(descriptor); }
