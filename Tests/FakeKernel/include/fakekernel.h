// A GPIO chip that no kernel has, for programs that link this file: it answers the kernel's GPIO
// user API, v1 and v2 (linux/gpio.h), so that the real libgpiod reads edges, gaps and unplugging
// from it.
#pragma once
#include <stddef.h>
#include <stdint.h>

// The chip appears as /dev/gpiochip7 ("gpiochip7") with 8 lines. Only one at a time.
void fake_chip_plug(const char *label);
void fake_chip_name_line(uint32_t offset, const char *name);
// Gone, with the requests that were open on it.
void fake_chip_unplug(void);

// An edge as the interrupt handler would queue it, when the line was requested for it: v1 drops the
// newest beyond 16 per line, v2 the oldest beyond its buffer size.
void fake_edge(uint32_t offset, uint64_t nanoseconds, int rises);

// The level of an output, or -1 while nobody drives the line.
int fake_output(uint32_t offset);
// Whether a living request has the line.
int fake_is_requested(uint32_t offset);
// The bias asked for: 'u'p, 'd'own, 'o'ff or '-' for none.
char fake_bias(uint32_t offset);
