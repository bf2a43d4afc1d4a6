// The medium: contents in sectors, and chance.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

// SplitMix64, as the simulator's own.
uint64_t tg_disk_random(tg_disk *disk) {
  uint64_t word = disk->random += 0x9E3779B97F4A7C15;
  word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9;
  word = (word ^ word >> 27) * 0x94D049BB133111EB;
  return word ^ word >> 31;
}

uint64_t tg_disk_below(tg_disk *disk, uint64_t bound) {
  return (tg_disk_random(disk) >> 32) * bound >> 32;
}

int tg_disk_chance(tg_disk *disk, uint32_t chance) {
  return chance && (uint32_t)(tg_disk_random(disk) >> 32) < chance;
}

tg_disk *tg_disk_new(uint64_t seed) {
  tg_disk *disk = calloc(1, sizeof *disk);
  if (!disk) abort();
  disk->random = seed;
  disk->fail_at = UINT64_MAX;
  tg_disk_register(disk);
  return disk;
}

static void free_node(struct tg_node *node) {
  free(node->seen);
  free(node->kept);
  free(node->dirty);
  free(node);
}

void tg_disk_free(tg_disk *disk) {
  tg_disk_unregister(disk);
  while (disk->nodes) {
    struct tg_node *node = disk->nodes;
    if (node->open) abort();
    disk->nodes = node->next;
    free_node(node);
  }
  free(disk);
}

void tg_disk_set_faults(tg_disk *disk, const tg_disk_faults *faults) { disk->faults = *faults; }
int tg_disk_is_read_only(const tg_disk *disk) { return disk->faults.is_read_only; }
uint64_t tg_disk_operations(const tg_disk *disk) { return disk->operations; }
void tg_disk_fail_after(tg_disk *disk, uint64_t operations) {
  disk->fail_at = disk->operations + operations;
}
void tg_disk_fail(tg_disk *disk) { disk->has_failed = 1; }
int tg_disk_has_failed(const tg_disk *disk) { return disk->has_failed; }

uint64_t tg_disk_take_nanoseconds(tg_disk *disk) {
  uint64_t taken = disk->nanoseconds;
  disk->nanoseconds = 0;
  return taken;
}

int tg_disk_begin(tg_disk *disk, uint32_t failure, int *is_last) {
  *is_last = 0;
  if (disk->has_failed) return EIO;
  if (disk->operations++ == disk->fail_at) disk->has_failed = *is_last = 1;
  if (tg_disk_chance(disk, disk->faults.stalls))
    disk->nanoseconds += tg_disk_random(disk) % (disk->faults.stall_nanoseconds + 1);
  return !*is_last && tg_disk_chance(disk, failure) ? EIO : 0;
}

// Contents

struct tg_node *tg_node_nameless(tg_disk *disk) {
  struct tg_node *node = calloc(1, sizeof *node);
  if (!node) abort();
  node->next = disk->nodes;
  disk->nodes = node;
  return node;
}

static void make_room(struct tg_node *node, uint64_t size) {
  if (size <= node->room) return;
  uint64_t room = node->room ? node->room : 4096;
  while (room < size) room *= 2;
  node->seen = realloc(node->seen, room);
  node->kept = realloc(node->kept, room);
  node->dirty = realloc(node->dirty, room / TG_SECTOR);
  if (!node->seen || !node->kept || !node->dirty) abort();
  memset(node->seen + node->room, 0, room - node->room);
  memset(node->kept + node->room, 0, room - node->room);
  memset(node->dirty + node->room / TG_SECTOR, 0, (room - node->room) / TG_SECTOR);
  node->room = room;
}

static void mark(struct tg_node *node, uint64_t from, uint64_t to) {
  for (uint64_t sector = from / TG_SECTOR; sector * TG_SECTOR < to; sector++)
    node->dirty[sector] = 1;
}

// The first `size` bytes of a sector reach the medium.
static void keep_sector(struct tg_node *node, uint64_t sector, uint64_t size) {
  uint64_t start = sector * TG_SECTOR;
  if (start + size > node->seen_size) size = node->seen_size > start ? node->seen_size - start : 0;
  memcpy(node->kept + start, node->seen + start, size);
  if (size && start + size > node->kept_size) node->kept_size = start + size;
}

static uint64_t sectors(const struct tg_node *node) {
  uint64_t size = node->seen_size > node->kept_size ? node->seen_size : node->kept_size;
  return (size + TG_SECTOR - 1) / TG_SECTOR;
}

static void set_kept_size(struct tg_node *node, uint64_t size) {
  if (size < node->kept_size) memset(node->kept + size, 0, node->kept_size - size);
  node->kept_size = size;
}

static void keep_all(struct tg_node *node) {
  for (uint64_t sector = 0; sector < sectors(node); sector++) {
    if (node->dirty[sector]) keep_sector(node, sector, TG_SECTOR);
    node->dirty[sector] = 0;
  }
  set_kept_size(node, node->seen_size);
}

// Each dirty sector is kept, lost or torn, and so is the size.
static void keep_some(tg_disk *disk, struct tg_node *node) {
  uint64_t end = sectors(node);
  uint64_t temper = tg_disk_below(disk, 4);  // 0: all is lost, 1: all is kept, else each by chance
  if (temper == 0) return;
  if (temper == 1) return keep_all(node);
  if (tg_disk_below(disk, 2)) set_kept_size(node, node->seen_size);
  for (uint64_t sector = 0; sector < end; sector++) {
    if (!node->dirty[sector]) continue;
    uint64_t fate = tg_disk_below(disk, 8);
    if (fate < 3) continue;
    if (fate == 3) {
      keep_sector(node, sector, tg_disk_below(disk, TG_SECTOR));
    } else {
      keep_sector(node, sector, TG_SECTOR);
      node->dirty[sector] = 0;
    }
  }
}

long tg_node_read(tg_disk *disk, struct tg_node *node, uint64_t offset, void *bytes, size_t size) {
  int is_last;
  int error = tg_disk_begin(disk, disk->faults.failed_reads, &is_last);
  if (error || is_last) return -EIO;
  uint64_t rest = offset < node->seen_size ? node->seen_size - offset : 0;
  if (size > rest) size = rest;
  if (size > 1 && tg_disk_chance(disk, disk->faults.short_reads))
    size = 1 + tg_disk_below(disk, size - 1);
  if (size) memcpy(bytes, node->seen + offset, size);
  return (long)size;
}

int tg_node_write(tg_disk *disk, struct tg_node *node, uint64_t offset, const void *bytes,
                  size_t size) {
  int is_last;
  int error = tg_disk_begin(disk, disk->faults.failed_writes, &is_last);
  if (error) return error;
  if (disk->faults.is_read_only) return EROFS;
  if (is_last) size = tg_disk_below(disk, size + 1);
  uint64_t end = offset + size;
  uint64_t growth = end > node->seen_size ? end - node->seen_size : 0;
  if (growth && disk->faults.room && disk->used + growth > disk->faults.room) return ENOSPC;
  if (size) {
    make_room(node, end);
    uint64_t from = offset > node->seen_size ? node->seen_size : offset;
    memcpy(node->seen + offset, bytes, size);
    mark(node, from, end);
    if (growth) node->seen_size = end;
    disk->used += growth;
  }
  // The kernel writes back whenever it likes.
  if (tg_disk_below(disk, 64) == 0) keep_some(disk, node);
  return is_last ? EIO : 0;
}

int tg_node_truncate(tg_disk *disk, struct tg_node *node, uint64_t size) {
  int is_last;
  int error = tg_disk_begin(disk, disk->faults.failed_writes, &is_last);
  if (error) return error;
  if (disk->faults.is_read_only) return EROFS;
  if (is_last && tg_disk_below(disk, 2)) return EIO;
  make_room(node, size);
  if (size < node->seen_size) {
    memset(node->seen + size, 0, node->seen_size - size);
    mark(node, size, node->seen_size);
    disk->used -= node->seen_size - size;
  } else {
    mark(node, node->seen_size, size);
    disk->used += size - node->seen_size;
  }
  node->seen_size = size;
  return is_last ? EIO : 0;
}

int tg_node_sync(tg_disk *disk, struct tg_node *node) {
  int is_last;
  int error = tg_disk_begin(disk, disk->faults.failed_syncs, &is_last);
  if (error || is_last) {
    keep_some(disk, node);
    // What was not kept is forgotten to be dirty: the kernel reports a failed sync once.
    if (!is_last && !disk->has_failed && tg_disk_below(disk, 2))
      memset(node->dirty, 0, node->room / TG_SECTOR);
    return EIO;
  }
  if (!disk->faults.ignores_sync) keep_all(node);
  return 0;
}

// Outages

static void sweep(tg_disk *disk) {
  struct tg_node **link = &disk->nodes;
  while (*link) {
    struct tg_node *node = *link;
    if (node->open) abort();
    if (tg_directory_names(disk, node)) {
      link = &node->next;
    } else {
      *link = node->next;
      free_node(node);
    }
  }
}

void tg_disk_restart(tg_disk *disk, enum tg_outage outage) {
  disk->has_failed = 0;
  disk->fail_at = UINT64_MAX;
  tg_directory_restart(disk, outage);
  sweep(disk);
  disk->used = 0;
  for (struct tg_node *node = disk->nodes; node; node = node->next) {
    if (outage == TG_POWER_CUT && node->room) {
      keep_some(disk, node);
      memcpy(node->seen, node->kept, node->room);
      node->seen_size = node->kept_size;
      memset(node->dirty, 0, node->room / TG_SECTOR);
    }
    disk->used += node->seen_size;
  }
}

int tg_disk_holds(const tg_disk *disk, const void *bytes, size_t size) {
  for (const struct tg_node *node = disk->nodes; node; node = node->next) {
    if (node->seen_size && memmem(node->seen, node->seen_size, bytes, size)) return 1;
    if (node->kept_size && memmem(node->kept, node->kept_size, bytes, size)) return 1;
  }
  return 0;
}
