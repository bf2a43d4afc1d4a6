#include "probes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[256];

static int outcome(long result) { return result < 0 ? errno : 0; }

// Not by open(), which belongs to the fake chip.
static int opened(const char *path, int flags) {
  return outcome(syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600));
}

static int internet(void) { return outcome(socket(AF_INET, SOCK_STREAM, 0)); }
static int internet6(void) { return outcome(socket(AF_INET6, SOCK_DGRAM, 0)); }
static int netlink(void) { return outcome(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int packets(void) { return outcome(socket(AF_PACKET, SOCK_RAW, 0)); }
static int local(void) { return outcome(socket(AF_UNIX, SOCK_DGRAM, 0)); }

static int another_program(void) {
  char *arguments[] = {"true", NULL}, *environment[] = {NULL};
  return outcome(execve("/bin/true", arguments, environment));
}
static int another_process(void) { return outcome(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static int debugging(void) { return outcome(syscall(SYS_ptrace, 0, 0, 0, 0)); }
static int signalling(void) { return outcome(kill(getppid(), 0)); }
static int namespaces(void) { return outcome(unshare(CLONE_NEWUSER)); }
static int keyring(void) { return outcome(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -4, 0)); }
static int dumpable(void) { return outcome(prctl(PR_SET_DUMPABLE, 1)); }
static int typing(void) { return outcome(ioctl(0, TIOCSTI, "x")); }

static int code_pages(void) {
  void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? errno : 0;
}
static int data_as_code(void) {
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? 255 : outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static void *nothing(void *argument) { return argument; }
static int thread(void) {
  pthread_t id;
  int result = pthread_create(&id, NULL, nothing, NULL);
  return result ? result : pthread_join(id, NULL);
}

static int other_file(void) { return opened("/etc/passwd", O_RDONLY); }
static int other_folder(void) { return opened("/tmp/tillgate-probe", O_WRONLY | O_CREAT); }
static int device(void) { return opened("/dev/null", O_RDWR); }
static int new_device(void) { return opened("/dev/tillgate-probe", O_WRONLY | O_CREAT); }
static int description(void) { return opened("/sys/kernel", O_RDONLY | O_DIRECTORY); }

static int own_file(void) {
  char path[300], other[300];
  snprintf(path, sizeof path, "%s/probe.new", folder);
  snprintf(other, sizeof other, "%s/probe", folder);
  int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0 || pwrite(descriptor, "x", 1, 0) != 1 || fsync(descriptor) != 0 ||
      ftruncate(descriptor, 0) != 0)
    return errno;
  return rename(path, other) != 0 || unlink(other) != 0 ? errno : 0;
}
static int own_folder(void) {
  char path[300];
  snprintf(path, sizeof path, "%s/probe", folder);
  return outcome(mkdir(path, 0700));
}

static const struct {
  const char *name;
  int (*body)(void);
} probes[] = {
    {"internet", internet},       {"internet6", internet6},
    {"netlink", netlink},         {"packets", packets},
    {"local", local},             {"another-program", another_program},
    {"another-process", another_process}, {"debugging", debugging},
    {"signalling", signalling},   {"namespaces", namespaces},
    {"keyring", keyring},         {"dumpable", dumpable},
    {"typing", typing},           {"code-pages", code_pages},
    {"data-as-code", data_as_code}, {"thread", thread},
    {"other-file", other_file},   {"other-folder", other_folder},
    {"device", device},           {"new-device", new_device},
    {"description", description}, {"own-file", own_file},
    {"own-folder", own_folder},
};

static int named(const char *name) {
  for (size_t index = 0; index < sizeof probes / sizeof *probes; index++)
    if (strcmp(probes[index].name, name) == 0) return probes[index].body();
  return 255;
}

int probe(void (*enter)(void), const char *name, const char *own) {
  snprintf(folder, sizeof folder, "%s", own);
  pid_t child = fork();
  if (child == 0) {
    enter();
    _exit(named(name) & 0xFF);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 255;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
