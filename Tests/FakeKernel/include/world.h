// What tests need of the C library and Swift does not see, and a child for calls that change the
// whole process.
#pragma once
#include <stddef.h>

// The master of a new pty, whose slave's path becomes `name`, or -1.
int open_pty(char *name, size_t size);
// Of the calling thread.
void thread_name(char name[16]);
size_t thread_stack_size(void);

// Runs `body` in a forked child, as user nobody with a small RLIMIT_MEMLOCK if `humble`. Returns
// what `body` returned, 0 to 255, or -1 when the child died.
int run_in_child(int humble, unsigned (*body)(void));
