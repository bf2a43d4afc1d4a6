// Counts what each thread of a dynamically linked program asks of the C library's heap, to prove
// that the loop's thread asks nothing once it runs. Preloaded:
//
//   MALLOCOUNT=counts.txt LD_PRELOAD=mallocount.so program
//
// SIGUSR1 is the mark: all counts start again from zero. SIGUSR2 writes the counts, as does the end
// of the program. One line per thread that was named or used the heap:
//
//   NAME TID malloc calloc realloc free BYTES-ASKED-FOR
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS_MAX = 128, NAME_SIZE = 16, PATH_SIZE = 512 };
enum { MALLOC, CALLOC, REALLOC, FREE, BYTES, COUNTERS };

struct thread {
  atomic_int id;
  char name[NAME_SIZE];
  atomic_ulong counters[COUNTERS];
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

// The last entry is shared by all threads beyond the table.
static struct thread threads[THREADS_MAX];
static atomic_int used;
static __thread struct thread *mine __attribute__((tls_model("initial-exec")));
static char path[PATH_SIZE], draft[PATH_SIZE + 4];

static struct thread *self(void) {
  if (mine) return mine;
  int index = atomic_fetch_add(&used, 1);
  mine = &threads[index < THREADS_MAX ? index : THREADS_MAX - 1];
  syscall(SYS_prctl, PR_GET_NAME, mine->name);
  atomic_store(&mine->id, (int)syscall(SYS_gettid));
  return mine;
}

static void count(int counter, size_t bytes) {
  struct thread *thread = self();
  atomic_fetch_add_explicit(&thread->counters[counter], 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&thread->counters[BYTES], bytes, memory_order_relaxed);
}

void *malloc(size_t size) {
  count(MALLOC, size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(CALLOC, number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  count(REALLOC, size);
  return __libc_realloc(memory, size);
}

void *reallocarray(void *memory, size_t number, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(number, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t size) {
  count(MALLOC, size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *fresh = memalign(alignment, size);
  if (!fresh) return ENOMEM;
  *memory = fresh;
  return 0;
}

void free(void *memory) {
  if (memory) count(FREE, 0);
  __libc_free(memory);
}

// A thread names itself this way.
int prctl(int option, ...) {
  va_list arguments;
  va_start(arguments, option);
  unsigned long second = va_arg(arguments, unsigned long), third = va_arg(arguments, unsigned long);
  unsigned long fourth = va_arg(arguments, unsigned long), fifth = va_arg(arguments, unsigned long);
  va_end(arguments);
  if (option == PR_SET_NAME) strncpy(self()->name, (const char *)second, NAME_SIZE - 1);
  return (int)syscall(SYS_prctl, option, second, third, fourth, fifth);
}

static void mark(int number) {
  (void)number;
  for (int index = 0; index < THREADS_MAX; index++)
    for (int counter = 0; counter < COUNTERS; counter++)
      atomic_store(&threads[index].counters[counter], 0);
}

static void write_number(int descriptor, unsigned long number, char end) {
  char digits[24];
  size_t at = sizeof digits;
  digits[--at] = end;
  do digits[--at] = (char)('0' + number % 10);
  while (number /= 10);
  (void)!write(descriptor, digits + at, sizeof digits - at);
}

static void dump(int number) {
  (void)number;
  int reason = errno;
  int descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  for (int index = 0; descriptor >= 0 && index < THREADS_MAX; index++) {
    struct thread *thread = &threads[index];
    if (atomic_load(&thread->id) == 0) continue;
    (void)!write(descriptor, thread->name, strnlen(thread->name, NAME_SIZE));
    (void)!write(descriptor, " ", 1);
    write_number(descriptor, (unsigned long)atomic_load(&thread->id), ' ');
    for (int counter = 0; counter < COUNTERS; counter++)
      write_number(descriptor, atomic_load(&thread->counters[counter]),
                   counter == COUNTERS - 1 ? '\n' : ' ');
  }
  if (descriptor >= 0) {
    close(descriptor);
    rename(draft, path);
  }
  errno = reason;
}

__attribute__((constructor)) static void begin(void) {
  const char *wanted = getenv("MALLOCOUNT");
  if (!wanted || strlen(wanted) >= PATH_SIZE) return;
  strcpy(path, wanted);
  strcpy(draft, wanted);
  strcat(draft, ".new");
  struct sigaction action = {.sa_handler = mark, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  action.sa_handler = dump;
  sigaction(SIGUSR2, &action, NULL);
}

__attribute__((destructor)) static void end(void) {
  if (path[0]) dump(0);
}
