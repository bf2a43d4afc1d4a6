// The medium, as disk.c keeps it and vfs.c shows it to SQLite.
#pragma once

#include "faultdisk.h"

#define TG_SECTOR 512
#define TG_NAME 64

// A file's content: what programs see, and what the medium holds. Sectors that differ are dirty.
struct tg_node {
  struct tg_node *next;
  uint8_t *seen, *kept;
  uint8_t *dirty;  // one byte a sector
  uint64_t seen_size, kept_size;
  uint64_t room;  // of all three, in bytes; a multiple of the sector
  int open;
};

struct tg_node *tg_node_find(tg_disk *disk, const char *name);
// Makes a name for an empty file; NULL with *error set when that fails.
struct tg_node *tg_node_create(tg_disk *disk, const char *name, int *error);
// A file without a name: gone when closed.
struct tg_node *tg_node_nameless(tg_disk *disk);
long tg_node_read(tg_disk *disk, struct tg_node *node, uint64_t offset, void *bytes, size_t size);
int tg_node_write(tg_disk *disk, struct tg_node *node, uint64_t offset, const void *bytes,
                  size_t size);
int tg_node_truncate(tg_disk *disk, struct tg_node *node, uint64_t size);
int tg_node_sync(tg_disk *disk, struct tg_node *node);
int tg_disk_is_read_only(const tg_disk *disk);
uint64_t tg_disk_random(tg_disk *disk);
