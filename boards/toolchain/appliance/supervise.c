// What runs in the appliance after its init has set everything up, as process 1: keeps the firmware
// running, feeds the hardware's watchdog for as long as the firmware's loop is alive, and tells the
// boot loader that this slot is good once the firmware said so. Usage: supervise PROGRAM WORD...
//
// The firmware runs as an unprivileged user that may lock memory and take real-time priorities, and
// speaks systemd's notification protocol (sd_notify(3)).
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOCKET "/run/notify"
enum {
  USER = 990,
  READY_SECONDS = 60,   // without READY=1 for so long the machine starts again: a try is used up
  ALIVE_SECONDS = 10,   // without WATCHDOG=1 for so long the firmware is killed
  PAUSE_LONGEST = 10,   // seconds between two starts of a firmware that ends at once
  LASTING_SECONDS = 60  // a firmware that ran for so long starts again at once
};

static time_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

static void say(const char *words) { dprintf(2, "supervise: %s\n", words); }

static void start_again(const char *why) {
  say(why);
  sync();
  reboot(RB_AUTOBOOT);
  for (;;) pause();
}

static int open_socket(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
  unlink(SOCKET);
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
      chown(SOCKET, USER, USER) != 0)
    start_again("no socket for the firmware's notifications");
  return descriptor;
}

// The user, with what real time needs and nothing else.
static int drop_privileges(void) {
  const unsigned kept[] = {CAP_IPC_LOCK, CAP_SYS_NICE};
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2] = {0};
  for (size_t index = 0; index < 2; index++) {
    sets[0].effective |= 1u << kept[index];
    sets[0].inheritable |= 1u << kept[index];
  }
  sets[0].permitted = sets[0].effective;
  if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setresgid(USER, USER, USER) != 0 ||
      setresuid(USER, USER, USER) != 0 || syscall(SYS_capset, &header, sets) != 0)
    return -1;
  for (size_t index = 0; index < 2; index++)
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[index], 0, 0) != 0) return -1;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static pid_t start(char **words) {
  pid_t child = fork();
  if (child != 0) return child;
  char period[16];
  snprintf(period, sizeof period, "%d", ALIVE_SECONDS * 1000000);
  setenv("NOTIFY_SOCKET", SOCKET, 1);
  setenv("WATCHDOG_USEC", period, 1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (drop_privileges() != 0) {
    say("privileges cannot be dropped");
    _exit(126);
  }
  execv(words[0], words);
  _exit(127);
}

// Tells the boot loader that this slot is good: the script renames its entry.
static void bless(void) {
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/slot", "slot", "bless", (char *)NULL);
    _exit(127);
  }
}

static int has(const char *message, const char *word) {
  const char *found = strstr(message, word);
  return found && (found == message || found[-1] == '\n');
}

typedef struct {
  pid_t child;
  time_t started, alive;
  int pause, is_ready, is_blessed;
} state;

static void hear(state *it, int notifications, int watchdog) {
  char message[512];
  ssize_t size = recv(notifications, message, sizeof message - 1, MSG_DONTWAIT);
  if (size <= 0) return;
  message[size] = 0;
  if (has(message, "READY=1")) {
    it->is_ready = 1;
    it->alive = now();
    if (!it->is_blessed) bless();
    it->is_blessed = 1;
  }
  if (has(message, "WATCHDOG=1")) {
    it->alive = now();
    if (watchdog >= 0 && write(watchdog, "", 1) != 1) say("the watchdog takes no signal");
  }
}

static void reap(state *it) {
  int status;
  for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (ended != it->child) continue;
    dprintf(2, "supervise: the firmware ended with %d; it is started again in %d s\n",
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), it->pause);
    if (now() - it->started > LASTING_SECONDS) it->pause = 1;
    it->child = 0;
    it->is_ready = 0;
    it->started = now() + it->pause;
    it->pause = it->pause * 2 < PAUSE_LONGEST ? it->pause * 2 : PAUSE_LONGEST;
  }
}

static void look_after(state *it, char **words, time_t begun) {
  if (!it->is_blessed && now() - begun > READY_SECONDS)
    start_again("the firmware did not become ready: this slot may be bad");
  if (it->child == 0 && now() >= it->started) {
    it->child = start(words);
    it->started = it->alive = now();
  }
  if (it->child > 0 && now() - it->alive > (it->is_ready ? ALIVE_SECONDS : READY_SECONDS)) {
    say("the firmware's loop is not alive");
    kill(it->child, SIGKILL);
    it->alive = now();
  }
}

int main(int count, char **words) {
  if (count < 2) return 64;
  int notifications = open_socket();
  // Not every board has one. Once open, it must be fed: the machine starts again otherwise.
  int watchdog = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
  state it = {.pause = 1, .started = now()};
  time_t begun = now();
  for (;;) {
    look_after(&it, words + 1, begun);
    struct pollfd polled = {.fd = notifications, .events = POLLIN};
    poll(&polled, 1, 500);
    hear(&it, notifications, watchdog);
    // While the firmware starts, and starts again, the time for it is kept here.
    if (watchdog >= 0 && !it.is_ready && write(watchdog, "", 1) != 1)
      say("the watchdog takes no signal");
    reap(&it);
  }
}
