// What a disk is made of.
#pragma once

#include <sqlite3.h>

#include "disk.h"

#define TG_NAMES 24

struct tg_name {
  char text[TG_NAME];
  struct tg_node *node;
};

// One change of the directory; a removal has no node, a renaming is both in one.
struct tg_change {
  char removed[TG_NAME];
  struct tg_name created;
};

struct tg_disk {
  uint64_t random;
  tg_disk_faults faults;
  uint64_t operations;
  uint64_t fail_at;
  int has_failed;
  uint64_t nanoseconds;
  uint64_t used;
  struct tg_node *nodes;
  // The directory as programs see it, as the medium holds it, and what lies between.
  struct tg_name seen[TG_NAMES], kept[TG_NAMES];
  struct tg_change changes[TG_NAMES];
  int change_count;
  char vfs_name[24];
  sqlite3_vfs vfs;
};

// Makes the disk known to SQLite, and forgotten.
void tg_disk_register(tg_disk *disk);
void tg_disk_unregister(tg_disk *disk);

// Begins an operation: 0, or the errno it fails with. *is_last says that the outage strikes in it.
int tg_disk_begin(tg_disk *disk, uint32_t failure, int *is_last);
// Of `bound` cases one; true once in 2^32 / chance times.
uint64_t tg_disk_below(tg_disk *disk, uint64_t bound);
int tg_disk_chance(tg_disk *disk, uint32_t chance);

// directory.c
void tg_directory_keep(tg_disk *disk);
void tg_directory_restart(tg_disk *disk, enum tg_outage outage);
int tg_directory_names(const tg_disk *disk, const struct tg_node *node);
