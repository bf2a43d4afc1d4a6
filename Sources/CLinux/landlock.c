// Landlock (kernel 5.13): which files the program may still open. glibc has no wrappers, and
// Debian's kernel headers are older than some of what is used here.
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

// Later than version 2, with the version that brought each.
enum { TRUNCATE_VERSION = 3, NET_VERSION = 4, IOCTL_VERSION = 5, SCOPE_VERSION = 6 };
static const uint64_t TRUNCATE = 1 << 14, IOCTL_DEVICE = 1 << 15;
static const uint64_t BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1;
static const uint64_t SCOPE_SIGNAL = 1 << 1;

// struct landlock_ruleset_attr of version 6. Older kernels want what they do not know to be zero.
struct ruleset {
  uint64_t files, net, scoped;
};

int tg_landlock_version(void) {
  long version =
      syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : (int)version;
}

static uint64_t known(uint64_t rights, int version) {
  if (version < 2) rights &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
  if (version < TRUNCATE_VERSION) rights &= ~TRUNCATE;
  if (version < IOCTL_VERSION) rights &= ~IOCTL_DEVICE;
  return rights;
}

int tg_sandbox_rules(void) {
  int version = tg_landlock_version();
  if (version == 0) return -1;
  struct ruleset all = {.files = known((IOCTL_DEVICE << 1) - 1, version)};
  if (version >= NET_VERSION) all.net = BIND_TCP | CONNECT_TCP;
  if (version >= SCOPE_VERSION) all.scoped = SCOPE_SIGNAL;
  return (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
}

static uint64_t rights(int permit) {
  uint64_t granted = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  if (permit & (TG_PERMIT_DEVICES | TG_PERMIT_CHANGE)) granted |= LANDLOCK_ACCESS_FS_WRITE_FILE;
  if (permit & TG_PERMIT_DEVICES) granted |= IOCTL_DEVICE;
  if (permit & TG_PERMIT_CHANGE)
    granted |= LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | TRUNCATE;
  return granted;
}

static int open_folder(const char *path, int is_inside) {
  char folder[4096];
  size_t length = strlen(path);
  if (length >= sizeof folder) return -1;
  memcpy(folder, path, length + 1);
  if (is_inside) {
    char *slash = strrchr(folder, '/');
    if (!slash) strcpy(folder, ".");
    else if (slash == folder) slash[1] = 0;
    else *slash = 0;
  }
  return open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

unsigned tg_sandbox_permit(int rules, const uint8_t *path, int is_inside, int permit) {
  if (rules < 0) return TG_SANDBOX_LACKS_LANDLOCK;
  struct landlock_path_beneath_attr rule = {
      .allowed_access = known(rights(permit), tg_landlock_version()),
      .parent_fd = open_folder((const char *)path, is_inside)};
  if (rule.parent_fd < 0) return TG_SANDBOX_LACKS_PATH;
  long result = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  close(rule.parent_fd);
  return result == 0 ? 0 : TG_SANDBOX_LACKS_LANDLOCK;
}

// In filter.c.
unsigned tg_sandbox_filter(void);

unsigned tg_sandbox_enter(int rules) {
  unsigned lacks = 0;
  // Both walls need this of a process without CAP_SYS_ADMIN.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) lacks |= TG_SANDBOX_LACKS_PRIVILEGE_BAN;
  if (rules < 0 || syscall(SYS_landlock_restrict_self, rules, 0) != 0)
    lacks |= TG_SANDBOX_LACKS_LANDLOCK;
  if (rules >= 0) close(rules);
  return lacks | tg_sandbox_filter();
}
