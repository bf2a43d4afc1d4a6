// libgpiod 1.6 speaks the kernel's GPIO API v1: one descriptor of 16 events per line, the newest
// dropped silently. libgpiod 2 speaks v2: one descriptor for all lines, up to 1024 events, the
// oldest dropped with a jump in the sequence number. Everything that differs is in the two halves
// below.
#include "cgpio.h"

#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CONSUMER "tillgate"
enum { CHIPS_MAX = 64 };

static int is_labelled(struct gpiod_chip *chip, const char *label);

// By path, by name, or else the first chip with that label.
static struct gpiod_chip *open_chip(const char *chip) {
  if (chip[0] == '/') return gpiod_chip_open(chip);
  char path[64];
  if ((size_t)snprintf(path, sizeof path, "/dev/%s", chip) < sizeof path) {
    struct gpiod_chip *found = gpiod_chip_open(path);
    if (found || errno != ENOENT) return found;
  }
  for (int number = 0; number < CHIPS_MAX; number++) {
    snprintf(path, sizeof path, "/dev/gpiochip%d", number);
    struct gpiod_chip *found = gpiod_chip_open(path);
    if (found && is_labelled(found, chip)) return found;
    if (found) gpiod_chip_close(found);
  }
  errno = ENOENT;
  return NULL;
}

static int poll_all(struct pollfd *polled, size_t count, uint64_t nanoseconds) {
  struct timespec limit = {.tv_sec = (time_t)(nanoseconds / 1000000000),
                           .tv_nsec = (long)(nanoseconds % 1000000000)};
  for (size_t index = 0; index < count; index++) polled[index].revents = 0;
  int ready = ppoll(polled, count, &limit, NULL);
  if (ready < 0) return errno == EINTR ? 0 : -errno;
  for (size_t index = 0; index < count; index++)
    if (polled[index].revents & (POLLERR | POLLHUP | POLLNVAL)) return -ENODEV;
  return ready > 0;
}

static void add(tg_gpio_event *events, long *found, uint64_t at, size_t line, uint8_t kind) {
  events[(*found)++] =
      (tg_gpio_event){.nanoseconds = at, .line = (uint8_t)line, .kind = kind};
}

static int failure(void) { return errno ? -errno : -EIO; }

static tg_gpio_holder holder_named(const char *consumer) {
  return consumer && strcmp(consumer, CONSUMER) == 0 ? TG_GPIO_OURS : TG_GPIO_TAKEN;
}

#ifdef GPIOD_LINE_BULK_MAX_LINES  // libgpiod 1.x

enum { KERNEL_EVENTS = 16 };

struct tg_gpio {
  struct gpiod_chip *chip;
  struct gpiod_line *lines[TG_GPIO_LINES_MAX];
  struct pollfd polled[TG_GPIO_LINES_MAX];
  size_t count;
};

static int is_labelled(struct gpiod_chip *chip, const char *label) {
  return strcmp(gpiod_chip_label(chip), label) == 0;
}

static int request_type(const tg_gpio_line *line) {
  switch (line->edges) {
    case TG_GPIO_RISING: return GPIOD_LINE_REQUEST_EVENT_RISING_EDGE;
    case TG_GPIO_FALLING: return GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE;
    default: return GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES;
  }
}

static int bias_flag(const tg_gpio_line *line) {
  switch (line->bias) {
    case TG_GPIO_BIAS_OFF: return GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
    case TG_GPIO_BIAS_PULL_UP: return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
    case TG_GPIO_BIAS_PULL_DOWN: return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
    default: return 0;
  }
}

static int request_line(tg_gpio *gpio, const tg_gpio_line *wanted, int drives) {
  struct gpiod_line *line = wanted->name[0] ? gpiod_chip_find_line(gpio->chip, wanted->name)
                                            : gpiod_chip_get_line(gpio->chip, wanted->offset);
  if (!line) return failure();
  struct gpiod_line_request_config config = {
      .consumer = CONSUMER,
      .request_type = drives ? GPIOD_LINE_REQUEST_DIRECTION_OUTPUT : request_type(wanted),
      .flags = drives ? 0 : bias_flag(wanted)};
  if (gpiod_line_request(line, &config, wanted->high) != 0) return failure();
  gpio->lines[gpio->count] = line;
  if (!drives)
    gpio->polled[gpio->count] =
        (struct pollfd){.fd = gpiod_line_event_get_fd(line), .events = POLLIN | POLLPRI};
  gpio->count++;
  return 0;
}

static int request(tg_gpio *gpio, const tg_gpio_line *lines, size_t count, int drives,
                   size_t *faulty) {
  for (size_t index = 0; index < count; index++) {
    int result = request_line(gpio, &lines[index], drives);
    if (result == 0) continue;
    *faulty = index;
    return result;
  }
  return 0;
}

static void release(tg_gpio *gpio) {
  for (size_t index = 0; index < gpio->count; index++) gpiod_line_release(gpio->lines[index]);
}

static int look_at_line(struct gpiod_chip *chip, const tg_gpio_line *wanted,
                        tg_gpio_holder *holder) {
  struct gpiod_line *line = wanted->name[0] ? gpiod_chip_find_line(chip, wanted->name)
                                            : gpiod_chip_get_line(chip, wanted->offset);
  if (!line) return failure();
  if (gpiod_line_is_used(line)) *holder = holder_named(gpiod_line_consumer(line));
  return 0;
}

size_t tg_gpio_depth(void) { return KERNEL_EVENTS; }

int tg_gpio_wait(tg_gpio *gpio, uint64_t nanoseconds) {
  return poll_all(gpio->polled, gpio->count, nanoseconds);
}

// A batch as long as the kernel's buffer means that the buffer was full: what came next was dropped
// without a word, so a gap is said to follow.
static int read_line(struct pollfd *polled, size_t line, tg_gpio_event *events, long *found) {
  struct gpiod_line_event batch[KERNEL_EVENTS];
  int count = gpiod_line_event_read_fd_multiple(polled->fd, batch, KERNEL_EVENTS);
  if (count < 0) return errno == EINTR || errno == EAGAIN ? 0 : failure();
  uint64_t at = 0;
  for (int index = 0; index < count; index++) {
    at = (uint64_t)batch[index].ts.tv_sec * 1000000000 + (uint64_t)batch[index].ts.tv_nsec;
    int rises = batch[index].event_type == GPIOD_LINE_EVENT_RISING_EDGE;
    add(events, found, at, line, rises ? TG_GPIO_RISING : TG_GPIO_FALLING);
  }
  if (count == KERNEL_EVENTS) add(events, found, at, line, TG_GPIO_GAP);
  explicit_bzero(batch, sizeof batch);
  return 0;
}

long tg_gpio_read(tg_gpio *gpio, tg_gpio_event *events, size_t capacity) {
  int ready = poll_all(gpio->polled, gpio->count, 0);
  if (ready < 0) return ready;
  long found = 0;
  for (size_t line = 0; line < gpio->count; line++) {
    if (!(gpio->polled[line].revents & (POLLIN | POLLPRI))) continue;
    if (capacity - (size_t)found <= KERNEL_EVENTS) break;
    int result = read_line(&gpio->polled[line], line, events, &found);
    if (result < 0) return result;
  }
  return found;
}

int tg_gpio_set(tg_gpio *gpio, size_t line, int high) {
  if (line >= gpio->count) return -EINVAL;
  return gpiod_line_set_value(gpio->lines[line], high != 0) == 0 ? 0 : failure();
}

#else  // libgpiod 2.x

enum { KERNEL_EVENTS = 1024 };

struct tg_gpio {
  struct gpiod_chip *chip;
  struct gpiod_line_request *request;
  struct gpiod_edge_event_buffer *buffer;
  struct pollfd polled;
  unsigned int offsets[TG_GPIO_LINES_MAX];
  size_t count;
  unsigned long sequence;  // of the last event read; the kernel starts at 1
};

static int is_labelled(struct gpiod_chip *chip, const char *label) {
  struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
  if (!info) return 0;
  int same = strcmp(gpiod_chip_info_get_label(info), label) == 0;
  gpiod_chip_info_free(info);
  return same;
}

static enum gpiod_line_edge edge_setting(const tg_gpio_line *line) {
  switch (line->edges) {
    case TG_GPIO_RISING: return GPIOD_LINE_EDGE_RISING;
    case TG_GPIO_FALLING: return GPIOD_LINE_EDGE_FALLING;
    default: return GPIOD_LINE_EDGE_BOTH;
  }
}

static enum gpiod_line_bias bias_setting(const tg_gpio_line *line) {
  switch (line->bias) {
    case TG_GPIO_BIAS_OFF: return GPIOD_LINE_BIAS_DISABLED;
    case TG_GPIO_BIAS_PULL_UP: return GPIOD_LINE_BIAS_PULL_UP;
    case TG_GPIO_BIAS_PULL_DOWN: return GPIOD_LINE_BIAS_PULL_DOWN;
    default: return GPIOD_LINE_BIAS_AS_IS;
  }
}

static int configure_line(tg_gpio *gpio, struct gpiod_line_config *config,
                          struct gpiod_line_settings *settings, const tg_gpio_line *wanted,
                          int drives) {
  unsigned int offset = wanted->offset;
  if (wanted->name[0]) {
    int found = gpiod_chip_get_line_offset_from_name(gpio->chip, wanted->name);
    if (found < 0) return failure();
    offset = (unsigned int)found;
  }
  gpiod_line_settings_reset(settings);
  if (drives) {
    gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT);
    gpiod_line_settings_set_output_value(
        settings, wanted->high ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
  } else {
    gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT);
    gpiod_line_settings_set_edge_detection(settings, edge_setting(wanted));
    gpiod_line_settings_set_bias(settings, bias_setting(wanted));
  }
  if (gpiod_line_config_add_line_settings(config, &offset, 1, settings) != 0) return failure();
  gpio->offsets[gpio->count++] = offset;
  return 0;
}

static int request_all(tg_gpio *gpio, struct gpiod_line_config *config,
                       struct gpiod_request_config *options, int drives) {
  gpiod_request_config_set_consumer(options, CONSUMER);
  gpiod_request_config_set_event_buffer_size(options, KERNEL_EVENTS);
  gpio->request = gpiod_chip_request_lines(gpio->chip, options, config);
  if (!gpio->request) return failure();
  if (drives) return 0;
  gpio->buffer = gpiod_edge_event_buffer_new(KERNEL_EVENTS);
  if (!gpio->buffer) return -ENOMEM;
  gpio->polled = (struct pollfd){.fd = gpiod_line_request_get_fd(gpio->request),
                                 .events = POLLIN | POLLPRI};
  return 0;
}

static int request(tg_gpio *gpio, const tg_gpio_line *lines, size_t count, int drives,
                   size_t *faulty) {
  struct gpiod_line_config *config = gpiod_line_config_new();
  struct gpiod_line_settings *settings = gpiod_line_settings_new();
  struct gpiod_request_config *options = gpiod_request_config_new();
  int result = config && settings && options ? 0 : -ENOMEM;
  for (size_t index = 0; index < count && result == 0; index++) {
    result = configure_line(gpio, config, settings, &lines[index], drives);
    if (result < 0) *faulty = index;
  }
  if (result == 0) result = request_all(gpio, config, options, drives);
  if (options) gpiod_request_config_free(options);
  if (settings) gpiod_line_settings_free(settings);
  if (config) gpiod_line_config_free(config);
  return result;
}

static int look_at_line(struct gpiod_chip *chip, const tg_gpio_line *wanted,
                        tg_gpio_holder *holder) {
  int offset = wanted->name[0] ? gpiod_chip_get_line_offset_from_name(chip, wanted->name)
                               : (int)wanted->offset;
  struct gpiod_line_info *info = offset < 0 ? NULL
                                            : gpiod_chip_get_line_info(chip, (unsigned)offset);
  if (!info) return failure();
  if (gpiod_line_info_is_used(info)) *holder = holder_named(gpiod_line_info_get_consumer(info));
  gpiod_line_info_free(info);
  return 0;
}

static void release(tg_gpio *gpio) {
  if (gpio->buffer) gpiod_edge_event_buffer_free(gpio->buffer);
  if (gpio->request) gpiod_line_request_release(gpio->request);
}

size_t tg_gpio_depth(void) { return KERNEL_EVENTS; }

int tg_gpio_wait(tg_gpio *gpio, uint64_t nanoseconds) {
  return poll_all(&gpio->polled, 1, nanoseconds);
}

static size_t line_at(const tg_gpio *gpio, unsigned int offset) {
  size_t line = 0;
  while (line < gpio->count && gpio->offsets[line] != offset) line++;
  return line < gpio->count ? line : TG_GPIO_EVERY_LINE;
}

static void take(tg_gpio *gpio, struct gpiod_edge_event *event, tg_gpio_event *events,
                 long *found) {
  uint64_t at = gpiod_edge_event_get_timestamp_ns(event);
  unsigned long sequence = gpiod_edge_event_get_global_seqno(event);
  if ((uint32_t)sequence != (uint32_t)(gpio->sequence + 1))
    add(events, found, at, TG_GPIO_EVERY_LINE, TG_GPIO_GAP);
  gpio->sequence = sequence;
  int rises = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE;
  add(events, found, at, line_at(gpio, gpiod_edge_event_get_line_offset(event)),
      rises ? TG_GPIO_RISING : TG_GPIO_FALLING);
}

// Every event may come with a gap, so half of the room is asked for.
long tg_gpio_read(tg_gpio *gpio, tg_gpio_event *events, size_t capacity) {
  int ready = poll_all(&gpio->polled, 1, 0);
  if (ready <= 0) return ready;
  size_t room = capacity / 2 < KERNEL_EVENTS ? capacity / 2 : KERNEL_EVENTS;
  int count = gpiod_line_request_read_edge_events(gpio->request, gpio->buffer, room);
  if (count < 0) return errno == EINTR || errno == EAGAIN ? 0 : failure();
  long found = 0;
  for (int index = 0; index < count; index++)
    take(gpio, gpiod_edge_event_buffer_get_event(gpio->buffer, (unsigned long)index), events,
         &found);
  return found;
}

int tg_gpio_set(tg_gpio *gpio, size_t line, int high) {
  if (line >= gpio->count) return -EINVAL;
  enum gpiod_line_value value = high ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
  return gpiod_line_request_set_value(gpio->request, gpio->offsets[line], value) == 0 ? 0
                                                                                      : failure();
}

#endif

static int open_and_request(const char *chip, const tg_gpio_line *lines, size_t count, int drives,
                            tg_gpio **gpio, size_t *faulty) {
  *gpio = NULL;
  *faulty = count;
  if (count == 0 || count > TG_GPIO_LINES_MAX) return -EINVAL;
  tg_gpio *fresh = calloc(1, sizeof *fresh);
  if (!fresh) return -ENOMEM;
  errno = 0;
  fresh->chip = open_chip(chip);
  int result = fresh->chip ? request(fresh, lines, count, drives, faulty) : failure();
  if (result < 0) {
    tg_gpio_close(fresh);
    return result;
  }
  *gpio = fresh;
  return 0;
}

int tg_gpio_watch(const char *chip, const tg_gpio_line *lines, size_t count, tg_gpio **gpio,
                  size_t *faulty) {
  return open_and_request(chip, lines, count, 0, gpio, faulty);
}

int tg_gpio_drive(const char *chip, const tg_gpio_line *lines, size_t count, tg_gpio **gpio,
                  size_t *faulty) {
  return open_and_request(chip, lines, count, 1, gpio, faulty);
}

void tg_gpio_close(tg_gpio *gpio) {
  if (!gpio) return;
  release(gpio);
  if (gpio->chip) gpiod_chip_close(gpio->chip);
  free(gpio);
}
int tg_gpio_look(const char *chip, const tg_gpio_line *line, tg_gpio_holder *holder) {
  errno = 0;
  *holder = TG_GPIO_FREE;
  struct gpiod_chip *opened = open_chip(chip);
  if (!opened) return failure();
  int result = line ? look_at_line(opened, line, holder) : 0;
  gpiod_chip_close(opened);
  return result;
}
