// GPIO lines through libgpiod, 1.6 and 2.x behind one API. Watching and driving set up once (and
// may allocate); waiting, reading and setting never do. Levels are physical: active-low is not
// used. Functions return 0 or a count, or -errno.
#pragma once
#include <stddef.h>
#include <stdint.h>

// One chip with the lines requested from it.
typedef struct tg_gpio tg_gpio;

enum { TG_GPIO_LINES_MAX = 16, TG_GPIO_NAME_SIZE = 32 };
enum { TG_GPIO_GAP = 0, TG_GPIO_RISING = 1, TG_GPIO_FALLING = 2, TG_GPIO_BOTH = 3 };
enum { TG_GPIO_BIAS_AS_IS, TG_GPIO_BIAS_OFF, TG_GPIO_BIAS_PULL_UP, TG_GPIO_BIAS_PULL_DOWN };
enum { TG_GPIO_EVERY_LINE = 0xFF };

typedef struct {
  char name[TG_GPIO_NAME_SIZE];  // as the device tree calls it, or empty: then by offset
  uint32_t offset;
  uint8_t edges;  // TG_GPIO_RISING, TG_GPIO_FALLING or both; inputs only
  uint8_t bias;   // inputs only
  uint8_t high;   // first level; outputs only
} tg_gpio_line;

typedef struct {
  uint64_t nanoseconds;  // CLOCK_MONOTONIC, taken by the kernel's interrupt handler
  uint8_t line;          // index into the request, or TG_GPIO_EVERY_LINE for a gap of unknown line
  uint8_t kind;          // TG_GPIO_RISING, TG_GPIO_FALLING, or TG_GPIO_GAP: edges were lost here
} tg_gpio_event;

// Opens a chip by path (/dev/gpiochip0), name (gpiochip0) or label and requests its lines, for
// edges or as outputs. When a line is at fault `faulty` becomes its index, else it becomes `count`.
int tg_gpio_watch(const char *chip, const tg_gpio_line *lines, size_t count, tg_gpio **gpio,
                  size_t *faulty);
int tg_gpio_drive(const char *chip, const tg_gpio_line *lines, size_t count, tg_gpio **gpio,
                  size_t *faulty);
void tg_gpio_close(tg_gpio *gpio);

// Who has a line, without taking it; with `line` NULL only whether the chip can be opened.
typedef enum { TG_GPIO_FREE, TG_GPIO_OURS, TG_GPIO_TAKEN } tg_gpio_holder;
int tg_gpio_look(const char *chip, const tg_gpio_line *line, tg_gpio_holder *holder);

// How many events the kernel keeps for a line before it loses some.
size_t tg_gpio_depth(void);

// 1 when there are events, 0 when the time is up, -ENODEV when the chip is gone.
int tg_gpio_wait(tg_gpio *gpio, uint64_t nanoseconds);
// Reads what is there without waiting. Events of one line are in order, those of several lines
// nearly. `capacity` is at least TG_GPIO_BATCH_MIN.
enum { TG_GPIO_BATCH_MIN = 32 };
long tg_gpio_read(tg_gpio *gpio, tg_gpio_event *events, size_t capacity);

int tg_gpio_set(tg_gpio *gpio, size_t line, int high);
