// libserialport knows the settings of real ports; it refuses ptys, and its reads and waits
// allocate. So it opens and configures, and hands its descriptor over for plain reads and writes.
#include "cserial.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static int failure(void) { return errno ? -errno : -EIO; }

static int serial_failure(enum sp_return result) {
  switch (result) {
    case SP_ERR_ARG: return -EINVAL;
    case SP_ERR_MEM: return -ENOMEM;
    case SP_ERR_SUPP: return -EINVAL;
    default: return sp_last_error_code() > 0 ? -sp_last_error_code() : -EIO;
  }
}

// A plain descriptor that outlives libserialport's port.
static int take_descriptor(struct sp_port *port) {
  int descriptor = -1;
  if (sp_get_port_handle(port, &descriptor) != SP_OK || descriptor < 0) return -EIO;
  int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  return own < 0 ? failure() : own;
}

static int open_serial(struct sp_port *port, int baud, int flow) {
  enum sp_return result = sp_open(port, SP_MODE_READ_WRITE);
  if (result != SP_OK) return serial_failure(result);
  if ((result = sp_set_baudrate(port, baud)) == SP_OK &&
      (result = sp_set_bits(port, 8)) == SP_OK &&
      (result = sp_set_parity(port, SP_PARITY_NONE)) == SP_OK &&
      (result = sp_set_stopbits(port, 1)) == SP_OK)
    result = sp_set_flowcontrol(port, flow == TG_PORT_RTS_CTS ? SP_FLOWCONTROL_RTSCTS
                                                              : SP_FLOWCONTROL_NONE);
  int descriptor = result == SP_OK ? take_descriptor(port) : serial_failure(result);
  sp_close(port);
  return descriptor;
}

// Raw bytes, and VMIN 1: a read that finds nothing must be told from a read after hanging up.
static int make_raw(int descriptor, int is_foreign) {
  struct termios settings;
  if (tcgetattr(descriptor, &settings) != 0) return failure();
  if (is_foreign) {
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
  }
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  return tcsetattr(descriptor, TCSANOW, &settings) == 0 ? 0 : failure();
}

static int open_terminal(const char *path, int baud, int flow) {
  struct sp_port *port = NULL;
  int is_known = sp_get_port_by_name(path, &port) == SP_OK;
  int descriptor;
  if (is_known) {
    descriptor = open_serial(port, baud, flow);
    sp_free_port(port);
  } else {
    descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) descriptor = failure();
  }
  if (descriptor < 0) return descriptor;
  ioctl(descriptor, TIOCEXCL);
  int result = make_raw(descriptor, !is_known);
  if (result == 0) return descriptor;
  close(descriptor);
  return result;
}

static int open_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failure();
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
  int result = failure();
  close(descriptor);
  return result;
}

int tg_port_open(const char *path, int baud, int flow) {
  char resolved[PATH_MAX];
  struct stat status;
  errno = 0;
  if (!realpath(path, resolved) || stat(resolved, &status) != 0) return failure();
  if (S_ISSOCK(status.st_mode)) return open_socket(resolved);
  if (!S_ISCHR(status.st_mode)) return -ENOTTY;
  return open_terminal(resolved, baud, flow);
}

long tg_port_read(int descriptor, void *bytes, size_t capacity) {
  if (capacity == 0) return 0;
  ssize_t count = read(descriptor, bytes, capacity);
  if (count > 0) return count;
  if (count == 0) return -EPIPE;
  return errno == EAGAIN || errno == EINTR ? 0 : failure();
}

long tg_port_write(int descriptor, const void *bytes, size_t size) {
  if (size == 0) return 0;
  ssize_t count = write(descriptor, bytes, size);
  if (count >= 0) return count;
  return errno == EAGAIN || errno == EINTR ? 0 : failure();
}

long tg_port_queued(int descriptor) {
  int count = 0;
  return ioctl(descriptor, TIOCOUTQ, &count) == 0 ? count : failure();
}

int tg_port_wait(int descriptor, long nanoseconds) {
  struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
  struct timespec time = {.tv_nsec = nanoseconds};
  return nanoseconds > 0 && ppoll(&wanted, 1, &time, NULL) > 0;
}

void tg_port_close(int descriptor) { close(descriptor); }
