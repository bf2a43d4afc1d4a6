// The seccomp filter: a list of the system calls that the running program makes, by the C library
// that is linked in, and what of their arguments is looked at. Everything else is refused with
// EPERM; an attempt to start or read another process ends this one. Made here rather than with
// libseccomp: the list is the whole of it, and another library would be twenty times its size.
//
// What to do when a change needs another call: run `make sandbox`, look at the kernel's log (a
// refused call is a line with its number), and add the call below with the reason if it is not
// plain.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/gpio.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system calls of this processor are not listed"
#endif

// x86_64's calls of the x32 interface have this bit.
static const uint32_t X32_BIT = 0x40000000;

// Whatever their arguments. The loop's own come first.
static const uint16_t ALLOWED[] = {
    __NR_clock_nanosleep, __NR_read, __NR_write, __NR_ppoll, __NR_futex, __NR_rt_sigtimedwait,
    // Time and randomness.
    __NR_clock_gettime, __NR_gettimeofday, __NR_nanosleep, __NR_getrandom, __NR_restart_syscall,
    // Files: keys, journal, ports that come back. Landlock says which.
    __NR_openat, __NR_close, __NR_pread64, __NR_pwrite64, __NR_readv, __NR_writev, __NR_lseek,
    __NR_fstat, __NR_newfstatat, __NR_statx, __NR_fstatfs, __NR_statfs, __NR_fsync, __NR_fdatasync,
    __NR_ftruncate, __NR_fallocate, __NR_unlinkat, __NR_renameat, __NR_renameat2, __NR_mkdirat,
    __NR_faccessat, __NR_faccessat2, __NR_readlinkat, __NR_getdents64, __NR_getcwd, __NR_fcntl,
    __NR_flock, __NR_dup, __NR_dup3, __NR_fchmod, __NR_fchown, __NR_utimensat,
#ifdef __NR_open
    // The older forms, which x86_64 still has.
    __NR_open, __NR_stat, __NR_lstat, __NR_poll, __NR_access, __NR_unlink, __NR_rename,
    __NR_mkdir, __NR_readlink,
#endif
    // Memory: mmap and mprotect are below.
    __NR_brk, __NR_munmap, __NR_mremap, __NR_madvise, __NR_mlock, __NR_munlock, __NR_msync,
    // Threads and their ranks.
    __NR_set_robust_list, __NR_rseq, __NR_gettid, __NR_getpid, __NR_exit, __NR_exit_group,
    __NR_sched_yield, __NR_sched_setscheduler, __NR_sched_setparam, __NR_sched_getscheduler,
    __NR_sched_getparam, __NR_sched_get_priority_max, __NR_sched_get_priority_min,
    __NR_sched_setaffinity, __NR_sched_getaffinity,
    // Signals that come in.
    __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigsuspend,
    // The service manager and a stream of edges, over UNIX sockets: socket is below.
    __NR_connect, __NR_sendto,
    // SQLite as root gives its files their directory's owner.
    __NR_geteuid, __NR_getuid,
};

// Of a terminal: its settings, its modem lines, its queues. Not TIOCSTI, which types at it.
static const uint32_t TERMINAL[] = {
    TCGETS, TCSETS, TCSETSW, TCSETSF, TCSBRK, TCFLSH, TIOCEXCL, TIOCNXCL, TIOCOUTQ, FIONREAD,
    TIOCMGET, TIOCMSET, TIOCMBIS, TIOCMBIC, TIOCGSERIAL, 0x802C542A /* TCGETS2 */,
    0x402C542B /* TCSETS2 */, 0x5432 /* TCGETX */, 0x5433 /* TCSETX */,
};

static const uint32_t PROCESS_SETTINGS[] = {PR_SET_NAME, PR_SET_TIMERSLACK};

// Nothing honest in this program comes here.
static const uint16_t FATAL[] = {__NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv,
                                 __NR_process_vm_writev};

enum { ROOM = 400 };
struct program {
  struct sock_filter code[ROOM];
  unsigned short size;
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void add(struct program *filter, uint16_t code, uint8_t yes, uint8_t no, uint32_t value) {
  if (filter->size < ROOM) filter->code[filter->size] = (struct sock_filter){code, yes, no, value};
  filter->size++;
}

static void load(struct program *filter, size_t offset) {
  add(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

// The lower half: both processors are little-endian, and no argument looked at is longer.
static void load_argument(struct program *filter, size_t index) {
  load(filter, offsetof(struct seccomp_data, args) + index * sizeof(uint64_t));
}

static void result(struct program *filter, uint32_t verdict) {
  add(filter, BPF_RET | BPF_K, 0, 0, verdict);
}

// If the word last loaded is `value`: `verdict`.
static void if_equal(struct program *filter, uint32_t value, uint32_t verdict) {
  add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
  result(filter, verdict);
}

// If the call is `number`, the next `length` instructions decide; otherwise they are passed over.
static void if_call(struct program *filter, uint32_t number, uint8_t length) {
  add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, length, number);
}

static const uint32_t REFUSED = SECCOMP_RET_ERRNO | EPERM;

// `number` is allowed if its argument is one of `values`.
static void allow_values(struct program *filter, uint32_t number, size_t argument,
                         const uint32_t *values, size_t count, uint32_t otherwise) {
  if_call(filter, number, (uint8_t)(2 * count + 2));
  load_argument(filter, argument);
  for (size_t index = 0; index < count; index++)
    if_equal(filter, values[index], SECCOMP_RET_ALLOW);
  result(filter, otherwise);
}

// `number` is allowed if its argument has `bits` (or, with `bits_refuse`, none).
static void allow_bits(struct program *filter, uint32_t number, size_t argument, uint32_t bits,
                       int bits_refuse) {
  if_call(filter, number, 4);
  load_argument(filter, argument);
  add(filter, BPF_JMP | BPF_JSET | BPF_K, bits_refuse ? 1 : 0, bits_refuse ? 0 : 1, bits);
  result(filter, SECCOMP_RET_ALLOW);
  result(filter, REFUSED);
}

// A GPIO chip's controls are all of one type; a terminal's are listed.
static void allow_controls(struct program *filter) {
  if_call(filter, __NR_ioctl, (uint8_t)(2 * COUNT(TERMINAL) + 5));
  load_argument(filter, 1);
  for (size_t index = 0; index < COUNT(TERMINAL); index++)
    if_equal(filter, TERMINAL[index], SECCOMP_RET_ALLOW);
  add(filter, BPF_ALU | BPF_AND | BPF_K, 0, 0, _IOC_TYPEMASK << _IOC_TYPESHIFT);
  if_equal(filter, _IOC_TYPE(GPIO_GET_CHIPINFO_IOCTL) << _IOC_TYPESHIFT, SECCOMP_RET_ALLOW);
  result(filter, REFUSED);
}

static void write_filter(struct program *filter) {
  load(filter, offsetof(struct seccomp_data, arch));
  add(filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
  result(filter, SECCOMP_RET_KILL_PROCESS);
  load(filter, offsetof(struct seccomp_data, nr));
  add(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
  result(filter, SECCOMP_RET_KILL_PROCESS);
  for (size_t index = 0; index < COUNT(ALLOWED); index++)
    if_equal(filter, ALLOWED[index], SECCOMP_RET_ALLOW);
  for (size_t index = 0; index < COUNT(FATAL); index++)
    if_equal(filter, FATAL[index], SECCOMP_RET_KILL_PROCESS);
  allow_controls(filter);
  const uint32_t family = AF_UNIX, process = (uint32_t)getpid();
  allow_values(filter, __NR_socket, 0, &family, 1, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
  allow_values(filter, __NR_tgkill, 0, &process, 1, REFUSED);
  allow_values(filter, __NR_prctl, 0, PROCESS_SETTINGS, COUNT(PROCESS_SETTINGS), REFUSED);
  allow_bits(filter, __NR_mmap, 2, PROT_EXEC, 1);
  allow_bits(filter, __NR_mprotect, 2, PROT_EXEC, 1);
  allow_bits(filter, __NR_clone, 0, CLONE_THREAD, 0);
  // Its flags are in memory, where a filter cannot look: the C library then falls back to clone.
  if_equal(filter, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  result(filter, REFUSED);
}

static int install(const struct sock_fprog *code, unsigned flags) {
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, code) == 0;
}

int tg_has_seccomp(void) {
  uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

unsigned tg_sandbox_filter(void);
unsigned tg_sandbox_filter(void) {
  static struct program filter;
  filter.size = 0;
  write_filter(&filter);
  if (filter.size > ROOM) return TG_SANDBOX_LACKS_FILTER;
  struct sock_fprog code = {.len = filter.size, .filter = filter.code};
  // Refused calls go to the kernel's log. No code of others runs in here, against which old kernels
  // would otherwise slow down every load (speculative store bypass).
  unsigned wanted = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  return install(&code, wanted) || install(&code, 0) ? 0 : TG_SANDBOX_LACKS_FILTER;
}
