// The disk as SQLite sees it: one connection, exclusively locked, so no shared memory. It syncs the
// directory where SQLite's own Unix VFS does: with the first sync of a journal it made, and after a
// removal when asked to.
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

struct file {
  sqlite3_file base;
  tg_disk *disk;
  struct tg_node *node;
  int is_new_journal;
};

static int code(int error, int other) { return error == ENOSPC ? SQLITE_FULL : other; }

static int vfs_close(sqlite3_file *base) {
  struct file *file = (struct file *)base;
  file->node->open--;
  return SQLITE_OK;
}

static int vfs_read(sqlite3_file *base, void *bytes, int size, sqlite3_int64 offset) {
  struct file *file = (struct file *)base;
  int done = 0;
  while (done < size) {
    long count = tg_node_read(file->disk, file->node, (uint64_t)offset + done,
                              (uint8_t *)bytes + done, size - done);
    if (count < 0) return SQLITE_IOERR_READ;
    if (count == 0) break;
    done += (int)count;
  }
  memset((uint8_t *)bytes + done, 0, size - done);
  return done < size ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int vfs_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 offset) {
  struct file *file = (struct file *)base;
  int error = tg_node_write(file->disk, file->node, (uint64_t)offset, bytes, size);
  return error ? code(error, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size) {
  struct file *file = (struct file *)base;
  return tg_node_truncate(file->disk, file->node, (uint64_t)size) ? SQLITE_IOERR_TRUNCATE
                                                                   : SQLITE_OK;
}

static int vfs_sync(sqlite3_file *base, int flags) {
  (void)flags;
  struct file *file = (struct file *)base;
  if (tg_node_sync(file->disk, file->node)) return SQLITE_IOERR_FSYNC;
  if (file->is_new_journal) {
    // Its Unix VFS, too, does not look whether this fails.
    tg_disk_sync_directory(file->disk);
    file->is_new_journal = 0;
  }
  return file->disk->has_failed ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int vfs_file_size(sqlite3_file *base, sqlite3_int64 *size) {
  *size = (sqlite3_int64)((struct file *)base)->node->seen_size;
  return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *base, int level) {
  (void)base, (void)level;
  return SQLITE_OK;
}

static int vfs_is_reserved(sqlite3_file *base, int *is_reserved) {
  (void)base;
  *is_reserved = 0;
  return SQLITE_OK;
}

static int vfs_control(sqlite3_file *base, int operation, void *argument) {
  (void)base, (void)operation, (void)argument;
  return SQLITE_NOTFOUND;
}

static int vfs_sector_size(sqlite3_file *base) {
  (void)base;
  return 4096;  // what its Unix VFS says
}

static int vfs_characteristics(sqlite3_file *base) {
  (void)base;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_file_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_lock,
    .xCheckReservedLock = vfs_is_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags,
                    int *flags_out) {
  tg_disk *disk = vfs->pAppData;
  struct file *file = (struct file *)base;
  memset(file, 0, sizeof *file);
  if (disk->has_failed) return SQLITE_CANTOPEN;
  struct tg_node *node = name ? tg_node_find(disk, name) : tg_node_nameless(disk);
  if (!node) {
    int error = ENOENT;
    if (flags & SQLITE_OPEN_CREATE) node = tg_node_create(disk, name, &error);
    if (!node) return code(error, SQLITE_CANTOPEN);
    file->is_new_journal = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
  }
  file->disk = disk;
  file->node = node;
  node->open++;
  if (name && disk->faults.is_read_only)
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  if (flags_out) *flags_out = flags;
  file->base.pMethods = &methods;
  return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory) {
  tg_disk *disk = vfs->pAppData;
  int error = tg_disk_remove(disk, (const uint8_t *)name);
  if (error == -ENOENT) return SQLITE_IOERR_DELETE_NOENT;
  if (error) return SQLITE_IOERR_DELETE;
  if (sync_directory && tg_disk_sync_directory(disk)) return SQLITE_IOERR_DIR_FSYNC;
  return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *answer) {
  tg_disk *disk = vfs->pAppData;
  struct tg_node *node = tg_node_find(disk, name);
  if (flags == SQLITE_ACCESS_EXISTS) *answer = node && node->seen_size > 0;
  else *answer = node && !disk->faults.is_read_only;
  return disk->has_failed ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int size, char *full) {
  (void)vfs;
  return snprintf(full, size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_random(sqlite3_vfs *vfs, int size, char *bytes) {
  for (int index = 0; index < size; index++) bytes[index] = (char)tg_disk_random(vfs->pAppData);
  return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  ((tg_disk *)vfs->pAppData)->nanoseconds += (uint64_t)microseconds * 1000;
  return microseconds;
}

// Julian milliseconds of a day in 2026: no time of the machine's gets into a run.
static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *milliseconds) {
  (void)vfs;
  *milliseconds = 212640000000000;
  return SQLITE_OK;
}

static int vfs_day(sqlite3_vfs *vfs, double *day) {
  sqlite3_int64 milliseconds;
  vfs_time(vfs, &milliseconds);
  *day = (double)milliseconds / 86400000.0;
  return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text) {
  (void)vfs, (void)size, (void)text;
  return 0;
}

void tg_disk_register(tg_disk *disk) {
  static atomic_uint count;
  snprintf(disk->vfs_name, sizeof disk->vfs_name, "fault-disk-%u", atomic_fetch_add(&count, 1));
  disk->vfs = (sqlite3_vfs){
      .iVersion = 2,
      .szOsFile = sizeof(struct file),
      .mxPathname = TG_NAME - 1,
      .zName = disk->vfs_name,
      .pAppData = disk,
      .xOpen = vfs_open,
      .xDelete = vfs_delete,
      .xAccess = vfs_access,
      .xFullPathname = vfs_full_name,
      .xRandomness = vfs_random,
      .xSleep = vfs_sleep,
      .xCurrentTime = vfs_day,
      .xGetLastError = vfs_last_error,
      .xCurrentTimeInt64 = vfs_time,
  };
  sqlite3_vfs_register(&disk->vfs, 0);
}

void tg_disk_unregister(tg_disk *disk) { sqlite3_vfs_unregister(&disk->vfs); }

const char *tg_disk_vfs(const tg_disk *disk) { return disk->vfs_name; }
