// What the test program inside the virtual machine asks of the kernel: the far side of the
// simulated GPIO chip, files that survive, and the firmware as a child. All return -errno on
// failure.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A line of the simulated chip, as whatever is wired to it would meet it: its pull (what drives an
// input) or its value (what an output drives). Returns a descriptor. The chip is named anew each
// time it is bound, so its folder is looked up each time.
int guest_open_pull(unsigned line);
int guest_open_value(unsigned line);
int guest_pull(int descriptor, int high);
// 1 or 0.
int guest_value(int descriptor);
// Binds or unbinds the chip.
int guest_bind_chip(int bound);

// Opens for reading from the start and appending.
int guest_open_log(const char *path);
void guest_close(int descriptor);

// Starts a program whose words end with NULL; what it writes is appended to `log`. Returns its
// process number.
int guest_start(const char *const *words, const char *log);
// Sends `signal` (0 for none) and waits for the end. Returns the exit code, or 128 and the signal
// that ended it.
int guest_end(int process, int signal);
int guest_is_running(int process);
// A number of kilobytes from /proc/PROCESS/status, such as "VmLck:"; -1 when it is not there.
long guest_status(int process, const char *field);

// How many threads the process has, and how many of them have no seccomp filter or may still gain
// privileges.
int guest_threads(int process, int *outside);

enum { GUEST_NETWORK, GUEST_PROCESS, GUEST_FILE, GUEST_PROGRAM };
// Tries one of these in a child of its own, after `enter` if that is given. Returns 0 if it was
// allowed, its errno, or minus the signal that ended the child.
int guest_attempt(void (*enter)(void), int call);
