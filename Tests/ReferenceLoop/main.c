// The plainest periodic loop C can express, as the yardstick for ours: sleep to an absolute slot of
// a fixed grid, read the clock, note the lateness. A missed slot is charged as its own lateness, as
// in the firmware. Usage: reference-loop SECONDS PERIOD_MICROSECONDS FIFO_PRIORITY
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static uint64_t nanoseconds(const struct timespec *time) {
  return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

static int ascending(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: reference-loop SECONDS PERIOD_MICROSECONDS FIFO_PRIORITY\n");
    return 64;
  }
  uint64_t period = strtoull(argv[2], NULL, 10) * 1000u;
  size_t slots = (size_t)(strtoull(argv[1], NULL, 10) * 1000000000u / period);
  uint64_t *lateness = malloc(slots * sizeof *lateness);
  if (slots == 0 || lateness == NULL) return 64;
  struct sched_param priority = {.sched_priority = atoi(argv[3])};
  mlockall(MCL_CURRENT | MCL_FUTURE);
  sched_setscheduler(0, SCHED_FIFO, &priority);

  struct timespec slot, woken;
  clock_gettime(CLOCK_MONOTONIC, &slot);
  for (size_t index = 0; index < slots; index++) {
    uint64_t next = nanoseconds(&slot) + period;
    slot.tv_sec = (time_t)(next / 1000000000u);
    slot.tv_nsec = (long)(next % 1000000000u);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &slot, NULL);
    clock_gettime(CLOCK_MONOTONIC, &woken);
    lateness[index] = nanoseconds(&woken) - next;
  }
  qsort(lateness, slots, sizeof *lateness, ascending);
  printf("ticks=%zu p50=%llu p99=%llu p999=%llu max=%llu\n", slots,
         (unsigned long long)lateness[slots / 2], (unsigned long long)lateness[slots * 99 / 100],
         (unsigned long long)lateness[slots * 999 / 1000],
         (unsigned long long)lateness[slots - 1]);
  return 0;
}
