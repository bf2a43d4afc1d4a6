// What the doctor looks at: limits, clocks, ports and disks, all without changing anything but a
// file of its own.
#pragma once
#include <stdint.h>

typedef struct {
  int rank;          // highest SCHED_FIFO rank that this process may take, 0 for none
  int64_t lockable;  // bytes that it may lock; INT64_MAX for any number
} tg_limits;
void tg_look_at_limits(tg_limits *limits);

typedef struct {
  int64_t resolution;   // of CLOCK_MONOTONIC, in nanoseconds
  int is_synchronised;  // whether something disciplines the time of day
} tg_clock;
void tg_look_at_clock(tg_clock *clock);

typedef struct {
  int is_port;       // a terminal or a socket
  int is_mini_uart;  // a Raspberry Pi's second UART, by its device tree
  int is_console;    // the kernel's messages go there
} tg_port;
// Returns 0 or -errno: the port is not there, or (with all else known) may not be opened.
int tg_look_at_port(const char *path, tg_port *port);

typedef struct {
  int64_t free_bytes;
  int is_read_only;
} tg_disk;
int tg_look_at_disk(int directory, tg_disk *disk);
// Writes a page to a file of its own and makes it durable, `rounds` times, and removes the file.
// `nanoseconds` gets how long each took. Returns 0 or -errno.
int tg_time_flushes(int directory, int rounds, uint64_t *nanoseconds);

// Records of a cut test. `tg_cut_begin` starts a new file and returns its descriptor, or -errno;
// `tg_cut_write` makes record `number` (from 1) durable. `tg_cut_kept` counts how many are there
// without a gap, or -errno; `tg_cut_end` removes the file.
int tg_cut_begin(int directory);
int tg_cut_write(int file, uint64_t number);
int64_t tg_cut_kept(int directory);
void tg_cut_end(int directory);
