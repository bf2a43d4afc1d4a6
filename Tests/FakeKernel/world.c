#include "world.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, HUMBLE_MEMLOCK = 8 * 1024 * 1024 };

static void become_humble(void) {
  struct rlimit limit = {HUMBLE_MEMLOCK, HUMBLE_MEMLOCK};
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || setrlimit(RLIMIT_RTPRIO, &none) != 0 ||
      setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
    _exit(255);
}

int run_in_child(int humble, unsigned (*body)(void)) {
  pid_t child = fork();
  if (child == 0) {
    if (humble && getuid() == 0) become_humble();
    _exit((int)(body() & 0xFF));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

int open_pty(char *name, size_t size) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return -1;
  return ptsname_r(master, name, size) == 0 ? master : -1;
}

void thread_name(char name[16]) { pthread_getname_np(pthread_self(), name, 16); }

size_t thread_stack_size(void) {
  pthread_attr_t attributes;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  pthread_attr_getstacksize(&attributes, &size);
  pthread_attr_destroy(&attributes);
  return size;
}
