#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static sigset_t held(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

void tg_signals_hold(void) {
  sigset_t set = held();
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
}

int tg_signal_wait(uint64_t nanoseconds) {
  sigset_t set = held();
  struct timespec limit = {.tv_sec = (time_t)(nanoseconds / 1000000000),
                           .tv_nsec = (long)(nanoseconds % 1000000000)};
  int number = sigtimedwait(&set, NULL, &limit);
  return number > 0 ? number : 0;
}

int tg_notify(const char *state, size_t size) {
  const char *path = getenv("NOTIFY_SOCKET");
  if (!path || !path[0]) return 0;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if ((path[0] != '/' && path[0] != '@') || length >= sizeof address.sun_path) return -EINVAL;
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = 0;  // an abstract address has no terminator either
  socklen_t addressed = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length +
                                    (path[0] == '@' ? 0 : 1));
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  ssize_t sent = sendto(descriptor, state, size, MSG_NOSIGNAL, (struct sockaddr *)&address,
                        addressed);
  int result = sent < 0 ? -errno : 1;
  close(descriptor);
  return result;
}

uint64_t tg_watchdog_microseconds(void) {
  const char *period = getenv("WATCHDOG_USEC");
  const char *process = getenv("WATCHDOG_PID");
  if (process && strtol(process, NULL, 10) != (long)getpid()) return 0;
  return period ? strtoull(period, NULL, 10) : 0;
}
