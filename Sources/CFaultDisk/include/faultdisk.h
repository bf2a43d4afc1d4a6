// A disk in memory that goes wrong by seed. What was written and what was made durable are two
// things: at a power cut, writes that no sync covered are lost, kept or torn sector by sector, and
// names that no directory sync covered are forgotten. SQLite reaches it as a VFS, other code by the
// calls below. For the simulator and tests; nothing that ships links it.
//
// A disk is one flat directory and belongs to one thread at a time. Calls return 0 or a count, or
// an errno below zero.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct tg_disk tg_disk;

// What goes wrong. Chances are parts of 2^32 and concern single operations.
typedef struct {
  // The operation fails with EIO. After a failed sync the pages may count as clean although they
  // were never kept, as Linux does it: the next sync then succeeds and keeps nothing of them.
  uint32_t failed_reads;
  uint32_t failed_writes;
  uint32_t failed_syncs;
  // Of the directory. SQLite's Unix VFS goes on as if nothing were amiss.
  uint32_t failed_directory_syncs;
  // A read returns fewer bytes than there are (SQLite reads on, as its Unix VFS does).
  uint32_t short_reads;
  // The operation takes up to `stall_nanoseconds`, in virtual time.
  uint32_t stalls;
  uint64_t stall_nanoseconds;
  // Bytes that all files together may hold; 0: no limit.
  uint64_t room;
  // Nothing can be changed, as after a file system's own alarm.
  uint8_t is_read_only;
  // Planted bugs: a sync of a file, or of the directory, that says it was done and does nothing.
  uint8_t ignores_sync;
  uint8_t ignores_directory_sync;
} tg_disk_faults;

// How a disk comes back.
enum tg_outage {
  // The program died, the machine did not: everything written is there.
  TG_PROGRAM_KILLED,
  // The power went: what was not durable is at chance's mercy.
  TG_POWER_CUT,
};

tg_disk *tg_disk_new(uint64_t seed);
// All files must be closed.
void tg_disk_free(tg_disk *disk);
void tg_disk_set_faults(tg_disk *disk, const tg_disk_faults *faults);

// The VFS to name to sqlite3_open_v2. Database names are names on this disk.
const char *tg_disk_vfs(const tg_disk *disk);

// Every read, write, truncation, sync, creation, removal and renaming is an operation.
uint64_t tg_disk_operations(const tg_disk *disk);
// The outage strikes during the operation after this many more: 0 is the next. What it had done of
// itself by then is chance. Every operation from it on fails, until the disk is restarted.
void tg_disk_fail_after(tg_disk *disk, uint64_t operations);
// Every operation fails from now on.
void tg_disk_fail(tg_disk *disk);
int tg_disk_has_failed(const tg_disk *disk);
// All files must be closed.
void tg_disk_restart(tg_disk *disk, enum tg_outage outage);
// Virtual time that operations took since the last call.
uint64_t tg_disk_take_nanoseconds(tg_disk *disk);

// Names are at most 63 bytes.
int tg_disk_create(tg_disk *disk, const uint8_t *name);
long tg_disk_append(tg_disk *disk, const uint8_t *name, const void *bytes, size_t size);
long tg_disk_read(tg_disk *disk, const uint8_t *name, uint64_t offset, void *bytes, size_t size);
int64_t tg_disk_size(tg_disk *disk, const uint8_t *name);
int tg_disk_sync(tg_disk *disk, const uint8_t *name);
int tg_disk_rename(tg_disk *disk, const uint8_t *from, const uint8_t *to);
int tg_disk_remove(tg_disk *disk, const uint8_t *name);
int tg_disk_sync_directory(tg_disk *disk);

// Whether the bytes stand anywhere: in a file, or in what a power cut may bring back of one.
int tg_disk_holds(const tg_disk *disk, const void *bytes, size_t size);
