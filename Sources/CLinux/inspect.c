#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "realtime.h"

static const char PROBE[] = "doctor.probe", CUT[] = "cut-test";
enum { PAGE = 4096, TOP_RANK = 99 };

static int may(unsigned capability) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2] = {0};
  return syscall(SYS_capget, &header, sets) == 0 && (sets[0].effective >> capability & 1);
}

void tg_look_at_limits(tg_limits *limits) {
  struct rlimit limit;
  limits->rank = getrlimit(RLIMIT_RTPRIO, &limit) != 0 ? 0
                 : limit.rlim_max > TOP_RANK          ? TOP_RANK
                                                      : (int)limit.rlim_max;
  if (may(CAP_SYS_NICE)) limits->rank = TOP_RANK;
  limits->lockable = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_max < INT64_MAX
                         ? (int64_t)limit.rlim_max
                         : INT64_MAX;
  if (may(CAP_IPC_LOCK)) limits->lockable = INT64_MAX;
}

void tg_look_at_clock(tg_clock *clock) {
  struct timespec resolution = {0};
  clock_getres(CLOCK_MONOTONIC, &resolution);
  clock->resolution = resolution.tv_sec * 1000000000 + resolution.tv_nsec;
  struct timex state = {0};
  clock->is_synchronised = adjtimex(&state) != -1 && !(state.status & STA_UNSYNC);
}

static int contains(const char *path, const char *words) {
  char text[4096];
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  size_t size = fread(text, 1, sizeof text, file);
  fclose(file);
  return memmem(text, size, words, strlen(words)) != NULL;
}

int tg_look_at_port(const char *path, tg_port *port) {
  char resolved[PATH_MAX], description[PATH_MAX + 64], name[NAME_MAX + 2];
  struct stat status;
  memset(port, 0, sizeof *port);
  if (!realpath(path, resolved) || stat(resolved, &status) != 0) return -errno;
  port->is_port = S_ISCHR(status.st_mode) || S_ISSOCK(status.st_mode);
  const char *device = strrchr(resolved, '/') + 1;
  snprintf(description, sizeof description, "/sys/class/tty/%s/device/of_node/compatible", device);
  port->is_mini_uart = contains(description, "bcm2835-aux-uart");
  snprintf(name, sizeof name, "%.*s ", NAME_MAX, device);
  port->is_console = contains("/proc/consoles", name);
  return faccessat(AT_FDCWD, resolved, R_OK | W_OK, AT_EACCESS) == 0 ? 0 : -errno;
}

int tg_look_at_disk(int directory, tg_disk *disk) {
  struct statvfs state;
  if (fstatvfs(directory, &state) != 0) return -errno;
  disk->free_bytes = (int64_t)state.f_bavail * (int64_t)state.f_frsize;
  disk->is_read_only = (state.f_flag & ST_RDONLY) != 0;
  return 0;
}

static int flush(int file, const char page[PAGE], uint64_t *nanoseconds) {
  uint64_t start = tg_now();
  if (pwrite(file, page, PAGE, 0) != PAGE || fdatasync(file) != 0) return errno ? -errno : -EIO;
  *nanoseconds = tg_now() - start;
  return 0;
}

int tg_time_flushes(int directory, int rounds, uint64_t *nanoseconds) {
  static char page[PAGE];
  int file = openat(directory, PROBE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return -errno;
  int result = 0;
  for (int round = 0; round < rounds && result == 0; round++) {
    memset(page, round + 1, sizeof page);
    result = flush(file, page, &nanoseconds[round]);
  }
  close(file);
  unlinkat(directory, PROBE, 0);
  return result;
}

// A number and its complement: torn or stale bytes do not pass for a record.
struct record {
  uint64_t number, complement;
};

int tg_cut_begin(int directory) {
  unlinkat(directory, CUT, 0);
  int file = openat(directory, CUT, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return -errno;
  if (fsync(file) == 0 && fsync(directory) == 0) return file;
  int reason = errno;
  close(file);
  return -reason;
}

int tg_cut_write(int file, uint64_t number) {
  struct record record = {number, ~number};
  off_t place = (off_t)((number - 1) * sizeof record);
  if (pwrite(file, &record, sizeof record, place) != sizeof record || fdatasync(file) != 0)
    return errno ? -errno : -EIO;
  return 0;
}

int64_t tg_cut_kept(int directory) {
  int descriptor = openat(directory, CUT, O_RDONLY | O_CLOEXEC);
  FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
  if (!file) return -errno;
  struct record record;
  uint64_t kept = 0;
  while (fread(&record, sizeof record, 1, file) == 1 && record.number == kept + 1 &&
         record.complement == ~record.number)
    kept++;
  fclose(file);
  return (int64_t)kept;
}

void tg_cut_end(int directory) { unlinkat(directory, CUT, 0); }
