#include "cguest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Where Tests/VM/init made the chip.
#define CHIP "/sys/kernel/config/gpio-sim/tillgate"

static int result(int value) { return value < 0 ? -errno : value; }

static int read_word(const char *path, char *word, size_t capacity) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  ssize_t count = read(file, word, capacity - 1);
  close(file);
  if (count < 0) return -errno;
  word[count] = 0;
  word[strcspn(word, "\n")] = 0;
  return 0;
}

static int open_line(unsigned line, const char *attribute, int flags) {
  char device[64];
  char chip[64];
  char path[256];
  int error = read_word(CHIP "/dev_name", device, sizeof device);
  if (error == 0) error = read_word(CHIP "/bank/chip_name", chip, sizeof chip);
  if (error < 0) return error;
  snprintf(path, sizeof path, "/sys/devices/platform/%s/%s/sim_gpio%u/%s", device, chip, line,
           attribute);
  return result(open(path, flags | O_CLOEXEC));
}

int guest_open_pull(unsigned line) { return open_line(line, "pull", O_WRONLY); }
int guest_open_value(unsigned line) { return open_line(line, "value", O_RDONLY); }

int guest_pull(int descriptor, int high) {
  const char *pull = high ? "pull-up" : "pull-down";
  return pwrite(descriptor, pull, strlen(pull), 0) < 0 ? -errno : 0;
}

int guest_value(int descriptor) {
  char level = 0;
  return pread(descriptor, &level, 1, 0) == 1 ? level == '1' : -EIO;
}

int guest_bind_chip(int bound) {
  int file = open(CHIP "/live", O_WRONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  int error = write(file, bound ? "1" : "0", 1) == 1 ? 0 : -errno;
  close(file);
  return error;
}

int guest_open_log(const char *path) {
  return result(open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
}

void guest_close(int descriptor) { close(descriptor); }

int guest_start(const char *const *words, const char *log) {
  pid_t child = fork();
  if (child != 0) return result(child);
  int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file >= 0) {
    dup2(file, 1);
    dup2(file, 2);
  }
  execv(words[0], (char *const *)words);
  _exit(127);
}

int guest_end(int process, int signal) {
  int status = 0;
  if (signal) kill(process, signal);
  if (waitpid(process, &status, 0) < 0) return -errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int guest_is_running(int process) { return waitpid(process, NULL, WNOHANG) == 0; }

long guest_status(int process, const char *field) {
  char path[64];
  char text[4096];
  snprintf(path, sizeof path, "/proc/%d/status", process);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  text[count > 0 ? count : 0] = 0;
  const char *found = strstr(text, field);
  return found ? strtol(found + strlen(field), NULL, 10) : -1;
}

static int has_filter(const char *path) {
  char text[4096];
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  text[count > 0 ? count : 0] = 0;
  return strstr(text, "\nSeccomp:\t2\n") && strstr(text, "\nNoNewPrivs:\t1\n");
}

int guest_threads(int process, int *outside) {
  char path[320];
  snprintf(path, sizeof path, "/proc/%d/task", process);
  DIR *folder = opendir(path);
  if (!folder) return -errno;
  int threads = 0;
  *outside = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/status", process, entry->d_name);
    threads++;
    if (!has_filter(path)) (*outside)++;
  }
  closedir(folder);
  return threads;
}

static long forbidden(int call) {
  char *words[] = {"true", NULL}, *environment[] = {NULL};
  switch (call) {
  case GUEST_NETWORK: return socket(AF_INET, SOCK_DGRAM, 0);
  case GUEST_FILE: return open("/init", O_RDONLY | O_CLOEXEC);
  case GUEST_PROGRAM: return execve("/bin/true", words, environment);
  case GUEST_PROCESS: {
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return child;
  }
  }
  errno = EINVAL;
  return -1;
}

int guest_attempt(void (*enter)(void), int call) {
  pid_t child = fork();
  if (child == 0) {
    if (enter) enter();
    _exit(forbidden(call) < 0 ? errno : 0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 255;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
