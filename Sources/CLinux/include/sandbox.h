// The walls that the program puts around itself before it looks at a byte from outside: no new
// privileges, Landlock rules for files and TCP, and a seccomp filter that lists the system calls it
// needs. Threads started afterwards are inside too; there is no way out.
#pragma once
#include <stdint.h>

enum {
  TG_SANDBOX_LACKS_PRIVILEGE_BAN = 1,
  TG_SANDBOX_LACKS_LANDLOCK = 2,
  TG_SANDBOX_LACKS_FILTER = 4,
  TG_SANDBOX_LACKS_PATH = 8,  // one that was permitted is not there
};

// What may be done with a directory and everything beneath it.
enum {
  TG_PERMIT_READ = 1,    // read files and directories
  TG_PERMIT_DEVICES = 2,  // read, write and control what is there
  TG_PERMIT_CHANGE = 4,  // also make, replace and remove files
};

// Landlock rules, to be gathered before `tg_sandbox_enter`; negative when the kernel has none.
int tg_sandbox_rules(void);
// Adds a rule for the directory at `path`, or, with `is_inside`, for the one that `path` is in.
// Returns what is lacking.
unsigned tg_sandbox_permit(int rules, const uint8_t *path, int is_inside, int permit);
// Closes `rules` and puts the walls up. Returns what is lacking: the rest stands all the same.
unsigned tg_sandbox_enter(int rules);

// What the kernel could give: the version of Landlock, 0 for none; whether it has seccomp filters.
int tg_landlock_version(void);
int tg_has_seccomp(void);
