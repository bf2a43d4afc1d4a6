#include "realtime.h"

#include <errno.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STACK = 256 * 1024, PREFAULTED = STACK - 64 * 1024, NAME_MAX_LENGTH = 15 };
// Room for the program, its stacks and the pages SQLite may yet ask for.
static const rlim_t ENOUGH_LOCKED = 64 * 1024 * 1024;

uint64_t tg_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void tg_sleep_until(uint64_t nanoseconds) {
  struct timespec until = {.tv_sec = (time_t)(nanoseconds / 1000000000),
                           .tv_nsec = (long)(nanoseconds % 1000000000)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
  }
}

static int may_lock_freely(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2] = {0};
  if (syscall(SYS_capget, &header, sets) == 0 && (sets[0].effective >> CAP_IPC_LOCK & 1)) return 1;
  struct rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= ENOUGH_LOCKED;
}

// With MCL_FUTURE under a small limit a later mmap fails, a thread's stack for instance: better to
// run with less locked than not to run.
static unsigned lock_memory(void) {
  if (may_lock_freely())
    return mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : TG_LACKS_LOCKED_MEMORY;
  return TG_LACKS_FUTURE_LOCK | (mlockall(MCL_CURRENT) == 0 ? 0 : TG_LACKS_LOCKED_MEMORY);
}

unsigned tg_enter_realtime(void) {
  // Threads start with their starter's class, which may have been real-time: each asks for its own.
  struct sched_param ordinary = {0};
  sched_setscheduler(0, SCHED_OTHER, &ordinary);
  // A thread's first malloc would reserve, and lock, 64 MB of its own.
  mallopt(M_ARENA_MAX, 1);
  unsigned lacks = lock_memory();
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
    lacks |= TG_LACKS_NO_CORE;
  if (prctl(PR_SET_TIMERSLACK, 1) != 0) lacks |= TG_LACKS_TIMER_SLACK;
  return lacks;
}

struct tg_thread {
  pthread_t id;
  unsigned lacks;
  void (*body)(void *);
  void *context;
  char name[NAME_MAX_LENGTH + 1];
};

static __attribute__((noinline)) void prefault_stack(void) {
  volatile char pages[PREFAULTED];
  for (size_t offset = 0; offset < sizeof pages; offset += 4096) pages[offset] = 0;
}

static void *run(void *argument) {
  tg_thread *thread = argument;
  prefault_stack();
  prctl(PR_SET_NAME, thread->name);
  prctl(PR_SET_TIMERSLACK, 1);
  thread->body(thread->context);
  return NULL;
}

static void set_class(tg_thread *thread, const tg_thread_plan *plan) {
  struct sched_param class = {.sched_priority = plan->priority};
  if (plan->priority > 0 && pthread_setschedparam(thread->id, SCHED_FIFO, &class) != 0)
    thread->lacks |= TG_LACKS_PRIORITY;
  if (plan->cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (plan->cpu < CPU_SETSIZE) CPU_SET(plan->cpu, &set);
  if (pthread_setaffinity_np(thread->id, sizeof set, &set) != 0)
    thread->lacks |= TG_LACKS_AFFINITY;
}

int tg_thread_start(const tg_thread_plan *plan, tg_thread **thread) {
  tg_thread *fresh = calloc(1, sizeof *fresh);
  if (!fresh) return -ENOMEM;
  fresh->body = plan->body;
  fresh->context = plan->context;
  strncpy(fresh->name, plan->name, NAME_MAX_LENGTH);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  int result = pthread_create(&fresh->id, &attributes, run, fresh);
  pthread_attr_destroy(&attributes);
  if (result != 0) {
    free(fresh);
    return -result;
  }
  set_class(fresh, plan);
  *thread = fresh;
  return 0;
}

unsigned tg_thread_lacks(const tg_thread *thread) { return thread->lacks; }

void tg_thread_join(tg_thread *thread) {
  pthread_join(thread->id, NULL);
  free(thread);
}

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static size_t whole_pages(size_t size) {
  size_t page = page_size();
  return (size + page - 1) / page * page;
}

void *tg_locked_allocate(size_t size, int *is_locked) {
  size_t page = page_size();
  if (size == 0 || size > (size_t)1 << 30) return NULL;
  size_t inside = whole_pages(size);
  char *all = mmap(NULL, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return NULL;
  char *memory = all + page;
  if (mprotect(memory, inside, PROT_READ | PROT_WRITE) != 0) {
    munmap(all, inside + 2 * page);
    return NULL;
  }
  *is_locked = mlock(memory, inside) == 0;
  madvise(memory, inside, MADV_DONTDUMP);
  tg_wipe(memory, inside);  // touches every page
  return memory;
}

void tg_locked_free(void *memory, size_t size) {
  size_t page = page_size();
  size_t inside = whole_pages(size);
  tg_wipe(memory, inside);
  munmap((char *)memory - page, inside + 2 * page);
}

void tg_wipe(void *bytes, size_t size) { explicit_bzero(bytes, size); }
