// The directory: names that programs see, names that would survive, and the changes in between.
// They reach the medium in their order, as a file system with a journal has it, but only a sync of
// the directory, or the kernel's whim, brings them there.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

static struct tg_name *find(struct tg_name *names, const char *text) {
  for (int index = 0; index < TG_NAMES; index++)
    if (names[index].node && !strcmp(names[index].text, text)) return &names[index];
  return NULL;
}

static void apply(struct tg_name *names, const struct tg_change *change) {
  struct tg_name *removed = change->removed[0] ? find(names, change->removed) : NULL;
  if (removed) removed->node = NULL;
  if (!change->created.node) return;
  struct tg_name *place = find(names, change->created.text);
  for (int index = 0; !place && index < TG_NAMES; index++)
    if (!names[index].node) place = &names[index];
  if (!place) abort();
  *place = change->created;
}

static void keep_first(tg_disk *disk, int count) {
  for (int index = 0; index < count; index++) apply(disk->kept, &disk->changes[index]);
  disk->change_count -= count;
  memmove(disk->changes, disk->changes + count, sizeof *disk->changes * disk->change_count);
}

void tg_directory_keep(tg_disk *disk) { keep_first(disk, disk->change_count); }

static void change(tg_disk *disk, const char *removed, const char *created, struct tg_node *node) {
  if (disk->change_count == TG_NAMES) keep_first(disk, 1);
  struct tg_change *change = &disk->changes[disk->change_count++];
  memset(change, 0, sizeof *change);
  if (removed) strcpy(change->removed, removed);
  if (created) strcpy(change->created.text, created);
  change->created.node = node;
  apply(disk->seen, change);
  // The kernel writes its journal every few seconds.
  if (tg_disk_below(disk, 16) == 0) tg_directory_keep(disk);
}

void tg_directory_restart(tg_disk *disk, enum tg_outage outage) {
  if (outage == TG_PROGRAM_KILLED) return;
  uint64_t temper = tg_disk_below(disk, 3);
  if (temper == 1) tg_directory_keep(disk);
  if (temper == 2) keep_first(disk, (int)tg_disk_below(disk, disk->change_count + 1));
  disk->change_count = 0;
  memcpy(disk->seen, disk->kept, sizeof disk->seen);
}

int tg_directory_names(const tg_disk *disk, const struct tg_node *node) {
  for (int index = 0; index < TG_NAMES; index++)
    if (disk->seen[index].node == node || disk->kept[index].node == node) return 1;
  for (int index = 0; index < disk->change_count; index++)
    if (disk->changes[index].created.node == node) return 1;
  return 0;
}

// A change of the directory begins: 0, an errno, or nothing but the outage.
static int begin(tg_disk *disk, int *is_last) {
  int error = tg_disk_begin(disk, disk->faults.failed_writes, is_last);
  if (error) return error;
  if (disk->faults.is_read_only) return EROFS;
  return *is_last && tg_disk_below(disk, 2) ? EIO : 0;
}

struct tg_node *tg_node_find(tg_disk *disk, const char *name) {
  struct tg_name *found = find(disk->seen, name);
  return found ? found->node : NULL;
}

struct tg_node *tg_node_create(tg_disk *disk, const char *name, int *error) {
  int is_last;
  if (strlen(name) >= TG_NAME) *error = ENAMETOOLONG;
  else *error = begin(disk, &is_last);
  if (*error) return NULL;
  struct tg_node *node = tg_node_nameless(disk);
  change(disk, NULL, name, node);
  *error = is_last ? EIO : 0;
  return is_last ? NULL : node;
}

// Calls by name

static int with(tg_disk *disk, const uint8_t *name, struct tg_node **node) {
  *node = tg_node_find(disk, (const char *)name);
  return *node ? 0 : ENOENT;
}

int tg_disk_create(tg_disk *disk, const uint8_t *name) {
  int error = 0;
  if (tg_node_find(disk, (const char *)name)) return disk->has_failed ? -EIO : -EEXIST;
  tg_node_create(disk, (const char *)name, &error);
  return -error;
}

long tg_disk_append(tg_disk *disk, const uint8_t *name, const void *bytes, size_t size) {
  struct tg_node *node;
  int error = with(disk, name, &node);
  if (!error) error = tg_node_write(disk, node, node->seen_size, bytes, size);
  return error ? -error : (long)size;
}

long tg_disk_read(tg_disk *disk, const uint8_t *name, uint64_t offset, void *bytes, size_t size) {
  struct tg_node *node;
  int error = with(disk, name, &node);
  return error ? -error : tg_node_read(disk, node, offset, bytes, size);
}

int64_t tg_disk_size(tg_disk *disk, const uint8_t *name) {
  struct tg_node *node;
  int error = with(disk, name, &node);
  return error ? -error : (int64_t)node->seen_size;
}

int tg_disk_sync(tg_disk *disk, const uint8_t *name) {
  struct tg_node *node;
  int error = with(disk, name, &node);
  return -(error ? error : tg_node_sync(disk, node));
}

int tg_disk_rename(tg_disk *disk, const uint8_t *from, const uint8_t *to) {
  int is_last;
  struct tg_node *node;
  int error = with(disk, from, &node);
  if (!error) error = strlen((const char *)to) < TG_NAME ? begin(disk, &is_last) : ENAMETOOLONG;
  if (error) return -error;
  struct tg_node *replaced = tg_node_find(disk, (const char *)to);
  if (replaced) disk->used -= replaced->seen_size;
  change(disk, (const char *)from, (const char *)to, node);
  return is_last ? -EIO : 0;
}

int tg_disk_remove(tg_disk *disk, const uint8_t *name) {
  int is_last;
  struct tg_node *node;
  int error = with(disk, name, &node);
  if (!error) error = begin(disk, &is_last);
  if (error) return -error;
  disk->used -= node->seen_size;
  change(disk, (const char *)name, NULL, NULL);
  return is_last ? -EIO : 0;
}

int tg_disk_sync_directory(tg_disk *disk) {
  int is_last;
  int error = tg_disk_begin(disk, disk->faults.failed_directory_syncs, &is_last);
  if (error || is_last) return -EIO;
  if (!disk->faults.ignores_directory_sync) tg_directory_keep(disk);
  return 0;
}
