// libgpiod's way to the kernel is taken over by defining open, stat, lstat, access, realpath and
// ioctl in the program itself; whatever does not concern the fake chip goes on to the C library. A
// request's descriptor is the reading end of a pipe, so read, poll and close are the kernel's own.
#include "fakekernel.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEVICE "/dev/gpiochip7"
#define CHARACTER "/sys/dev/char/254:7/subsystem"
#define NUMBER "/sys/bus/gpio/devices/gpiochip7/dev"
enum { LINES = 8, REQUESTS = 64, V1_EVENTS = 16, MAJOR = 254, MINOR = 7 };

struct request {
  int descriptor;  // the writing end; 0 when the entry is free
  int version;
  uint32_t offsets[LINES];
  uint32_t count;
  uint32_t depth;
  uint64_t rising, falling;  // bits by place in the request
  char bias[LINES];
  int outputs[LINES];
  uint32_t sequence, line_sequence[LINES];
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct {
  int plugged;
  int descriptor;
  char label[GPIO_MAX_NAME_SIZE];
  char names[LINES][GPIO_MAX_NAME_SIZE];
  struct request requests[REQUESTS];
} chip;

static int is_chip_path(const char *path) { return chip.plugged && strcmp(path, DEVICE) == 0; }

static int is_same(int left, int right) {
  struct stat mine, theirs;
  return fstat(left, &mine) == 0 && fstat(right, &theirs) == 0 && mine.st_dev == theirs.st_dev &&
         mine.st_ino == theirs.st_ino;
}

static int is_alive(const struct request *request) {
  if (request->descriptor == 0) return 0;
  struct pollfd polled = {.fd = request->descriptor, .events = POLLOUT};
  return poll(&polled, 1, 0) >= 0 && !(polled.revents & POLLERR);
}

// The place of a line in a living request.
static struct request *holder(uint32_t offset, uint32_t *place) {
  for (int index = 0; index < REQUESTS; index++) {
    struct request *request = &chip.requests[index];
    if (!is_alive(request)) continue;
    for (*place = 0; *place < request->count; (*place)++)
      if (request->offsets[*place] == offset) return request;
  }
  return NULL;
}

static struct request *fresh_request(int version, int *reading_end) {
  for (int index = 0; index < REQUESTS; index++) {
    struct request *request = &chip.requests[index];
    if (is_alive(request)) continue;
    if (request->descriptor) close(request->descriptor);
    int ends[2];
    memset(request, 0, sizeof *request);
    if (pipe2(ends, O_CLOEXEC) != 0) return NULL;
    *reading_end = ends[0];
    request->descriptor = ends[1];
    request->version = version;
    return request;
  }
  errno = EMFILE;
  return NULL;
}

static int fail(int reason) {
  errno = reason;
  return -1;
}

static int chip_info(struct gpiochip_info *info) {
  memset(info, 0, sizeof *info);
  strcpy(info->name, "gpiochip7");
  memcpy(info->label, chip.label, sizeof info->label);
  info->lines = LINES;
  return 0;
}

static int line_info_v1(struct gpioline_info *info) {
  uint32_t place;
  if (info->line_offset >= LINES) return fail(EINVAL);
  memcpy(info->name, chip.names[info->line_offset], sizeof info->name);
  info->flags = holder(info->line_offset, &place) ? GPIOLINE_FLAG_KERNEL : 0;
  return 0;
}

static int line_info_v2(struct gpio_v2_line_info *info) {
  uint32_t place;
  if (info->offset >= LINES) return fail(EINVAL);
  memcpy(info->name, chip.names[info->offset], sizeof info->name);
  info->flags = GPIO_V2_LINE_FLAG_INPUT;
  if (holder(info->offset, &place)) info->flags |= GPIO_V2_LINE_FLAG_USED;
  return 0;
}

static char bias_v1(uint32_t flags) {
  if (flags & GPIOHANDLE_REQUEST_BIAS_PULL_UP) return 'u';
  if (flags & GPIOHANDLE_REQUEST_BIAS_PULL_DOWN) return 'd';
  return flags & GPIOHANDLE_REQUEST_BIAS_DISABLE ? 'o' : '-';
}

static char bias_v2(uint64_t flags) {
  if (flags & GPIO_V2_LINE_FLAG_BIAS_PULL_UP) return 'u';
  if (flags & GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN) return 'd';
  return flags & GPIO_V2_LINE_FLAG_BIAS_DISABLED ? 'o' : '-';
}

static int request_event_v1(struct gpioevent_request *wanted) {
  uint32_t place;
  if (wanted->lineoffset >= LINES) return fail(EINVAL);
  if (holder(wanted->lineoffset, &place)) return fail(EBUSY);
  struct request *request = fresh_request(1, &wanted->fd);
  if (!request) return -1;
  request->offsets[0] = wanted->lineoffset;
  request->count = 1;
  request->depth = V1_EVENTS;
  request->rising = (wanted->eventflags & GPIOEVENT_REQUEST_RISING_EDGE) != 0;
  request->falling = (wanted->eventflags & GPIOEVENT_REQUEST_FALLING_EDGE) != 0;
  request->bias[0] = bias_v1(wanted->handleflags);
  request->outputs[0] = -1;
  return 0;
}

static int request_handle_v1(struct gpiohandle_request *wanted) {
  uint32_t place;
  for (uint32_t index = 0; index < wanted->lines; index++) {
    if (wanted->lines > LINES || wanted->lineoffsets[index] >= LINES) return fail(EINVAL);
    if (holder(wanted->lineoffsets[index], &place)) return fail(EBUSY);
  }
  struct request *request = fresh_request(1, &wanted->fd);
  if (!request) return -1;
  request->count = wanted->lines;
  for (uint32_t index = 0; index < wanted->lines; index++) {
    request->offsets[index] = wanted->lineoffsets[index];
    request->bias[index] = bias_v1(wanted->flags);
    request->outputs[index] =
        wanted->flags & GPIOHANDLE_REQUEST_OUTPUT ? wanted->default_values[index] : -1;
  }
  return 0;
}

// The flags of one line: the first attribute that names it wins over the default.
static uint64_t flags_of(const struct gpio_v2_line_config *config, uint32_t place) {
  for (uint32_t index = 0; index < config->num_attrs; index++)
    if (config->attrs[index].attr.id == GPIO_V2_LINE_ATTR_ID_FLAGS &&
        config->attrs[index].mask >> place & 1)
      return config->attrs[index].attr.flags;
  return config->flags;
}

static int value_of(const struct gpio_v2_line_config *config, uint32_t place) {
  for (uint32_t index = 0; index < config->num_attrs; index++)
    if (config->attrs[index].attr.id == GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES &&
        config->attrs[index].mask >> place & 1)
      return config->attrs[index].attr.values >> place & 1;
  return 0;
}

static int request_v2(struct gpio_v2_line_request *wanted) {
  uint32_t place;
  if (wanted->num_lines > LINES) return fail(EINVAL);
  for (uint32_t index = 0; index < wanted->num_lines; index++) {
    if (wanted->offsets[index] >= LINES) return fail(EINVAL);
    if (holder(wanted->offsets[index], &place)) return fail(EBUSY);
  }
  struct request *request = fresh_request(2, &wanted->fd);
  if (!request) return -1;
  request->count = wanted->num_lines;
  request->depth = wanted->event_buffer_size ? wanted->event_buffer_size : wanted->num_lines * 16;
  for (uint32_t index = 0; index < wanted->num_lines; index++) {
    uint64_t flags = flags_of(&wanted->config, index);
    request->offsets[index] = wanted->offsets[index];
    if (flags & GPIO_V2_LINE_FLAG_EDGE_RISING) request->rising |= 1u << index;
    if (flags & GPIO_V2_LINE_FLAG_EDGE_FALLING) request->falling |= 1u << index;
    request->bias[index] = bias_v2(flags);
    request->outputs[index] =
        flags & GPIO_V2_LINE_FLAG_OUTPUT ? value_of(&wanted->config, index) : -1;
  }
  return 0;
}

static int set_values(struct request *request, unsigned long order, void *argument) {
  for (uint32_t place = 0; place < request->count; place++) {
    if (order == GPIOHANDLE_SET_LINE_VALUES_IOCTL) {
      request->outputs[place] = ((struct gpiohandle_data *)argument)->values[place];
    } else {
      struct gpio_v2_line_values *values = argument;
      if (values->mask >> place & 1) request->outputs[place] = values->bits >> place & 1;
    }
  }
  return 0;
}

static int answer(int descriptor, unsigned long order, void *argument) {
  if (order == GPIOHANDLE_SET_LINE_VALUES_IOCTL || order == GPIO_V2_LINE_SET_VALUES_IOCTL) {
    for (int index = 0; index < REQUESTS; index++)
      if (chip.requests[index].descriptor && is_same(chip.requests[index].descriptor, descriptor))
        return set_values(&chip.requests[index], order, argument);
    return fail(ENODEV);
  }
  if (!chip.plugged || !is_same(chip.descriptor, descriptor)) return fail(ENODEV);
  switch (order) {
    case GPIO_GET_CHIPINFO_IOCTL: return chip_info(argument);
    case GPIO_GET_LINEINFO_IOCTL: return line_info_v1(argument);
    case GPIO_GET_LINEEVENT_IOCTL: return request_event_v1(argument);
    case GPIO_GET_LINEHANDLE_IOCTL: return request_handle_v1(argument);
    case GPIO_V2_GET_LINEINFO_IOCTL: return line_info_v2(argument);
    case GPIO_V2_GET_LINE_IOCTL: return request_v2(argument);
    default: return fail(EINVAL);
  }
}

// What the test does to the chip.

void fake_chip_plug(const char *label) {
  pthread_mutex_lock(&guard);
  chip.descriptor = memfd_create("gpiochip7", MFD_CLOEXEC);
  chip.plugged = 1;
  memset(chip.label, 0, sizeof chip.label);
  strncpy(chip.label, label, sizeof chip.label - 1);
  pthread_mutex_unlock(&guard);
}

void fake_chip_name_line(uint32_t offset, const char *name) {
  pthread_mutex_lock(&guard);
  memset(chip.names[offset], 0, sizeof chip.names[offset]);
  strncpy(chip.names[offset], name, sizeof chip.names[offset] - 1);
  pthread_mutex_unlock(&guard);
}

void fake_chip_unplug(void) {
  pthread_mutex_lock(&guard);
  for (int index = 0; index < REQUESTS; index++)
    if (chip.requests[index].descriptor) close(chip.requests[index].descriptor);
  if (chip.plugged) close(chip.descriptor);
  memset(&chip, 0, sizeof chip);
  pthread_mutex_unlock(&guard);
}

static size_t event_size(const struct request *request) {
  return request->version == 1 ? sizeof(struct gpioevent_data) : sizeof(struct gpio_v2_line_event);
}

static int is_full(const struct request *request) {
  int waiting = 0;
  ioctl(request->descriptor, FIONREAD, &waiting);
  return (size_t)waiting / event_size(request) >= request->depth;
}

static void drop_oldest(const struct request *request) {
  char path[64];
  struct gpio_v2_line_event event;
  snprintf(path, sizeof path, "/proc/self/fd/%d", request->descriptor);
  int reading = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (reading < 0 || read(reading, &event, sizeof event) < 0) abort();
  close(reading);
}

static void queue(struct request *request, const void *event) {
  if (write(request->descriptor, event, event_size(request)) < 0) abort();
}

void fake_edge(uint32_t offset, uint64_t nanoseconds, int rises) {
  uint32_t place;
  pthread_mutex_lock(&guard);
  struct request *request = holder(offset, &place);
  if (request && (rises ? request->rising : request->falling) >> place & 1) {
    if (request->version == 1) {
      struct gpioevent_data event = {nanoseconds, rises ? GPIOEVENT_EVENT_RISING_EDGE
                                                        : GPIOEVENT_EVENT_FALLING_EDGE};
      if (!is_full(request)) queue(request, &event);
    } else {
      struct gpio_v2_line_event event = {
          .timestamp_ns = nanoseconds,
          .id = rises ? GPIO_V2_LINE_EVENT_RISING_EDGE : GPIO_V2_LINE_EVENT_FALLING_EDGE,
          .offset = offset,
          .seqno = ++request->sequence,
          .line_seqno = ++request->line_sequence[place]};
      if (is_full(request)) drop_oldest(request);
      queue(request, &event);
    }
  }
  pthread_mutex_unlock(&guard);
}

int fake_output(uint32_t offset) {
  uint32_t place;
  pthread_mutex_lock(&guard);
  struct request *request = holder(offset, &place);
  int level = request ? request->outputs[place] : -1;
  pthread_mutex_unlock(&guard);
  return level;
}

int fake_is_requested(uint32_t offset) {
  uint32_t place;
  pthread_mutex_lock(&guard);
  int requested = holder(offset, &place) != NULL;
  pthread_mutex_unlock(&guard);
  return requested;
}

char fake_bias(uint32_t offset) {
  uint32_t place;
  pthread_mutex_lock(&guard);
  struct request *request = holder(offset, &place);
  char bias = request ? request->bias[place] : '-';
  pthread_mutex_unlock(&guard);
  return bias;
}

// The C library's functions that libgpiod calls.

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int ioctl(int descriptor, unsigned long order, ...) {
  va_list arguments;
  va_start(arguments, order);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  // The kernel looks at 32 bits; libgpiod 2 passes an int, which arrives sign-extended.
  if (_IOC_TYPE(order) != 0xB4) return NEXT(ioctl)(descriptor, order, argument);
  pthread_mutex_lock(&guard);
  int result = answer(descriptor, (uint32_t)order, argument);
  pthread_mutex_unlock(&guard);
  return result;
}

static int open_number(void) {
  static const char text[] = "254:7\n";
  int descriptor = memfd_create("dev", MFD_CLOEXEC);
  if (write(descriptor, text, sizeof text - 1) < 0) abort();
  lseek(descriptor, 0, SEEK_SET);
  return descriptor;
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (is_chip_path(path)) return fcntl(chip.descriptor, F_DUPFD_CLOEXEC, 3);
  if (chip.plugged && strcmp(path, NUMBER) == 0) return open_number();
  return NEXT(open)(path, flags, mode);
}

static int chip_stat(struct stat *status) {
  memset(status, 0, sizeof *status);
  status->st_mode = S_IFCHR | 0600;
  status->st_rdev = makedev(MAJOR, MINOR);
  return 0;
}

int stat(const char *restrict path, struct stat *restrict status) {
  return is_chip_path(path) ? chip_stat(status) : NEXT(stat)(path, status);
}

int lstat(const char *restrict path, struct stat *restrict status) {
  return is_chip_path(path) ? chip_stat(status) : NEXT(lstat)(path, status);
}

int access(const char *path, int mode) {
  return chip.plugged && strcmp(path, NUMBER) == 0 ? 0 : NEXT(access)(path, mode);
}

char *realpath(const char *restrict path, char *restrict resolved) {
  if (!chip.plugged || strcmp(path, CHARACTER) != 0) return NEXT(realpath)(path, resolved);
  return resolved ? strcpy(resolved, "/sys/bus/gpio") : strdup("/sys/bus/gpio");
}
