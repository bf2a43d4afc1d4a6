// The program as its service manager sees it: signals, and systemd's notification socket.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Holds back SIGTERM, SIGINT and SIGHUP in this thread and those it starts, for `tg_signal_wait`,
// and ignores SIGPIPE. To be called before any thread is started.
void tg_signals_hold(void);
// The number of a held signal, or 0 when the time is up.
int tg_signal_wait(uint64_t nanoseconds);

// Sends "READY=1" and the like to $NOTIFY_SOCKET (sd_notify(3)), as one datagram. Returns 1 when
// sent, 0 when nobody asked to be told, or -errno.
int tg_notify(const char *state, size_t size);
// How often the service manager wants to hear WATCHDOG=1 (sd_watchdog_enabled(3)), in microseconds;
// 0 for never.
uint64_t tg_watchdog_microseconds(void);
