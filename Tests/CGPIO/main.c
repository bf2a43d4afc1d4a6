// The checks that cgpio.c has to pass with each libgpiod: this program is linked with 1.6 and with
// 2.x (Tests/CGPIO/check), and driven by the fake chip of Tests/FakeKernel.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgpio.h"
#include "fakekernel.h"

#define EXPECT(condition)                                                  \
  do {                                                                     \
    if (!(condition)) {                                                    \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

static tg_gpio_event events[2048];
static const tg_gpio_line head[2] = {
    {.name = "CLOCK", .edges = TG_GPIO_FALLING, .bias = TG_GPIO_BIAS_PULL_UP},
    {.offset = 3, .edges = TG_GPIO_BOTH}};

static void plug(void) {
  fake_chip_plug("reader");
  fake_chip_name_line(5, "CLOCK");
}

static tg_gpio *watch(const char *chip) {
  tg_gpio *gpio;
  size_t faulty;
  EXPECT(tg_gpio_watch(chip, head, 2, &gpio, &faulty) == 0);
  return gpio;
}

static void finds_the_chip(void) {
  static const char *const names[] = {"/dev/gpiochip7", "gpiochip7", "reader"};
  for (int index = 0; index < 3; index++) {
    plug();
    tg_gpio *gpio = watch(names[index]);
    EXPECT(fake_is_requested(5) && fake_is_requested(3) && !fake_is_requested(0));
    EXPECT(fake_bias(5) == 'u' && fake_bias(3) == '-');
    tg_gpio_close(gpio);
    EXPECT(!fake_is_requested(5) && !fake_is_requested(3));
    fake_chip_unplug();
  }
}

static void says_what_is_wrong(void) {
  tg_gpio *gpio;
  size_t faulty;
  EXPECT(tg_gpio_watch("gpiochip7", head, 2, &gpio, &faulty) == -ENOENT && faulty == 2 && !gpio);
  plug();
  EXPECT(tg_gpio_watch("nobody", head, 2, &gpio, &faulty) == -ENOENT && faulty == 2 && !gpio);
  tg_gpio_line unknown[2] = {head[0], {.name = "NOWHERE", .edges = TG_GPIO_BOTH}};
  EXPECT(tg_gpio_watch("reader", unknown, 2, &gpio, &faulty) < 0 && faulty == 1 && !gpio);
  tg_gpio *first = watch("reader");
  EXPECT(tg_gpio_watch("reader", head, 2, &gpio, &faulty) == -EBUSY && !gpio);
  EXPECT(tg_gpio_watch("reader", head, 0, &gpio, &faulty) == -EINVAL && !gpio);
  tg_gpio_close(first);
  fake_chip_unplug();
}

static int is(size_t index, uint64_t at, int line, int kind) {
  return events[index].nanoseconds == at && events[index].line == line &&
         events[index].kind == kind;
}

static void reads_edges(void) {
  plug();
  tg_gpio *gpio = watch("reader");
  EXPECT(tg_gpio_wait(gpio, 0) == 0);
  EXPECT(tg_gpio_read(gpio, events, 2048) == 0);
  fake_edge(5, 1000000001, 1);  // not asked for
  fake_edge(5, 1000000002, 0);
  fake_edge(5, 1000000005, 0);
  fake_edge(3, 9000000000000000007, 1);
  fake_edge(3, 9000000000000000009, 0);
  EXPECT(tg_gpio_wait(gpio, 1000000000) == 1);
  EXPECT(tg_gpio_read(gpio, events, 2048) == 4);
  EXPECT(is(0, 1000000002, 0, TG_GPIO_FALLING) && is(1, 1000000005, 0, TG_GPIO_FALLING));
  EXPECT(is(2, 9000000000000000007, 1, TG_GPIO_RISING));
  EXPECT(is(3, 9000000000000000009, 1, TG_GPIO_FALLING));
  EXPECT(tg_gpio_wait(gpio, 0) == 0);
  tg_gpio_close(gpio);
  fake_chip_unplug();
}

static size_t read_all(tg_gpio *gpio, size_t capacity) {
  size_t total = 0;
  for (long count; (count = tg_gpio_read(gpio, events + total, capacity)) != 0; total += count)
    EXPECT(count > 0 && (size_t)count <= capacity && total + count < 2048 - capacity);
  return total;
}

static size_t gaps(size_t total) {
  size_t found = 0;
  for (size_t index = 0; index < total; index++) found += events[index].kind == TG_GPIO_GAP;
  return found;
}

// As many as the kernel keeps, less one: nothing may be lost or suspected. With more, whatever the
// version loses, a gap must be seen.
static void shows_gaps(void) {
  size_t depth = tg_gpio_depth();
  plug();
  tg_gpio *gpio = watch("reader");
  for (size_t index = 0; index < depth - 1; index++) fake_edge(3, index + 1, index & 1);
  EXPECT(read_all(gpio, TG_GPIO_BATCH_MIN) == depth - 1 && gaps(depth - 1) == 0);
  for (size_t index = 0; index < depth + 9; index++) fake_edge(3, depth + index, index & 1);
  EXPECT(read_all(gpio, TG_GPIO_BATCH_MIN) == depth + 1 && gaps(depth + 1) == 1);
  fake_edge(3, 5000, 1);
  EXPECT(read_all(gpio, TG_GPIO_BATCH_MIN) == 1 && gaps(1) == 0);
  tg_gpio_close(gpio);
  fake_chip_unplug();
}

static void survives_unplugging(void) {
  plug();
  tg_gpio *gpio = watch("reader");
  fake_chip_unplug();
  EXPECT(tg_gpio_wait(gpio, 1000000000) == -ENODEV);
  EXPECT(tg_gpio_read(gpio, events, 2048) == -ENODEV);
  tg_gpio_close(gpio);
}

static void drives_lines(void) {
  static const tg_gpio_line lamps[2] = {{.offset = 1, .high = 1}, {.offset = 6}};
  tg_gpio *gpio;
  size_t faulty;
  plug();
  EXPECT(tg_gpio_drive("reader", lamps, 2, &gpio, &faulty) == 0);
  EXPECT(fake_output(1) == 1 && fake_output(6) == 0 && fake_output(0) == -1);
  EXPECT(tg_gpio_set(gpio, 0, 0) == 0 && tg_gpio_set(gpio, 1, 1) == 0);
  EXPECT(fake_output(1) == 0 && fake_output(6) == 1);
  EXPECT(tg_gpio_set(gpio, 2, 1) == -EINVAL);
  fake_chip_unplug();
  EXPECT(tg_gpio_set(gpio, 0, 1) < 0);
  tg_gpio_close(gpio);
}

int main(void) {
  finds_the_chip();
  says_what_is_wrong();
  reads_edges();
  shows_gaps();
  survives_unplugging();
  drives_lines();
  printf("cgpio: 6 checks passed, the kernel keeps %zu events\n", tg_gpio_depth());
  return 0;
}
