#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int result(int value) { return value < 0 ? -errno : value; }

int tg_open_directory(const uint8_t *path, int create) {
  if (create && mkdir((const char *)path, 0700) < 0 && errno != EEXIST) return -errno;
  return result(open((const char *)path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int tg_lock_directory(int directory) { return result(flock(directory, LOCK_EX | LOCK_NB)); }

int tg_open_file(int directory, const uint8_t *name, uint32_t *mode) {
  struct stat status;
  // O_NONBLOCK: opening a FIFO without a writer would wait.
  int file = openat(directory < 0 ? AT_FDCWD : directory, (const char *)name,
                    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return -errno;
  int error = 0;
  if (fstat(file, &status) < 0) error = errno;
  else if (S_ISDIR(status.st_mode)) error = EISDIR;
  else if (!S_ISREG(status.st_mode)) error = EINVAL;
  if (error) {
    close(file);
    return -error;
  }
  *mode = status.st_mode & 07777;
  return file;
}

// Names are ours and short.
static int with_replacement(const uint8_t *name, char path[64]) {
  int size = snprintf(path, 64, "%s.new", (const char *)name);
  return size < 64 ? 0 : -ENAMETOOLONG;
}

int tg_open_replacement(int directory, const uint8_t *name) {
  char path[64];
  int error = with_replacement(name, path);
  if (error) return error;
  // One left behind by a power cut may have any mode.
  unlinkat(directory, path, 0);
  int file = openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return -errno;
  struct stat owner;
  if (geteuid() == 0 && (fstat(directory, &owner) < 0 ||
                         fchown(file, owner.st_uid, owner.st_gid) < 0)) {
    error = -errno;
    close(file);
    return error;
  }
  return file;
}

int tg_rename_replacement(int directory, const uint8_t *name) {
  char path[64];
  int error = with_replacement(name, path);
  return error ? error : result(renameat(directory, path, directory, (const char *)name));
}

int tg_remove_replacement(int directory, const uint8_t *name) {
  char path[64];
  int error = with_replacement(name, path);
  return error ? error : result(unlinkat(directory, path, 0));
}

int tg_create_file(const uint8_t *path) {
  return result(open((const char *)path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
}

int tg_remove_file(int directory, const uint8_t *name) {
  return result(unlinkat(directory, (const char *)name, 0));
}

long tg_read(int descriptor, void *bytes, size_t size) {
  ssize_t count;
  do count = read(descriptor, bytes, size);
  while (count < 0 && errno == EINTR);
  return count < 0 ? -errno : count;
}

int tg_sync(int descriptor) { return result(fsync(descriptor)); }

void tg_close(int descriptor) { close(descriptor); }

uint32_t tg_directory_mode(int directory) {
  struct stat status;
  return fstat(directory, &status) < 0 ? 07777 : status.st_mode & 07777;
}

int tg_create_below(const uint8_t *path) {
  char parent[1024];
  size_t size = strlen((const char *)path);
  if (size >= sizeof parent) return -ENAMETOOLONG;
  memcpy(parent, path, size + 1);
  for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (mkdir(parent, 0755) < 0 && errno != EEXIST) return -errno;
    *slash = '/';
  }
  return result(open(parent, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
}

uint64_t tg_free_bytes(const uint8_t *path) {
  struct statvfs status;
  if (statvfs((const char *)path, &status) < 0) return 0;
  return (uint64_t)status.f_bavail * status.f_frsize;
}

const char *tg_error_text(int error) {
  const char *text = strerrordesc_np(error);
  return text ? text : "unknown error";
}

const uint8_t *tg_environment(const uint8_t *name) {
  return (const uint8_t *)getenv((const char *)name);
}
