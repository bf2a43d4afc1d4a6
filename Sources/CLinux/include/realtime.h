// Time, threads and memory of a program that must not be late.
#pragma once
#include <stddef.h>
#include <stdint.h>

// CLOCK_MONOTONIC in nanoseconds.
uint64_t tg_now(void);
// Sleeps until that instant, through signals.
void tg_sleep_until(uint64_t nanoseconds);

enum {
  TG_LACKS_LOCKED_MEMORY = 1,  // mlockall refused
  TG_LACKS_FUTURE_LOCK = 2,    // only what is mapped now is locked: RLIMIT_MEMLOCK is too small
  TG_LACKS_PRIORITY = 4,       // SCHED_FIFO refused
  TG_LACKS_AFFINITY = 8,       // the CPU does not exist or is not allowed
  TG_LACKS_NO_CORE = 16,       // a core file could still be written
  TG_LACKS_TIMER_SLACK = 32,
};

// Locks the program's memory and forbids core files and debuggers. Returns what was refused.
unsigned tg_enter_realtime(void);

typedef struct {
  const char *name;  // at most 15 characters are kept
  int priority;      // of SCHED_FIFO, 1 to 99; 0 for an ordinary thread
  int cpu;           // -1 for any
  void (*body)(void *context);
  void *context;
} tg_thread_plan;

typedef struct tg_thread tg_thread;

// Starts a thread of 256 KiB stack, whose pages are touched first. Returns 0 or -errno. What the
// kernel refused is told by `tg_thread_lacks`: the thread then runs without.
int tg_thread_start(const tg_thread_plan *plan, tg_thread **thread);
unsigned tg_thread_lacks(const tg_thread *thread);
// Waits for its end and frees it.
void tg_thread_join(tg_thread *thread);

// Zeroed memory between two guard pages, locked if permitted, and left out of core files. The size
// is remembered; NULL when there is none.
void *tg_locked_allocate(size_t size, int *is_locked);
// Wipes and frees.
void tg_locked_free(void *memory, size_t size);
// Zeros that the compiler may not leave out.
void tg_wipe(void *bytes, size_t size);
