#include "csqlite.h"

#include <stddef.h>

int sqlite3_bind_blob(sqlite3_stmt *statement, int place, const void *bytes, int size,
                      void (*destroy)(void *));
int sqlite3_bind_zeroblob(sqlite3_stmt *statement, int place, int size);

int tg_sql_bind(sqlite3_stmt *statement, int place, const void *bytes, int size) {
  // A null pointer would bind NULL instead of no bytes.
  if (size == 0) return sqlite3_bind_zeroblob(statement, place, 0);
  return sqlite3_bind_blob(statement, place, bytes, size, (void (*)(void *))(intptr_t)-1);
}

int sqlite3_system_errno(sqlite3 *database);
int sqlite3_file_control(sqlite3 *database, const char *name, int operation, void *value);

// sqlite3_file and sqlite3_io_methods, as far as they are used.
struct file {
  const struct file_methods {
    int version;
    void (*others[9])(void);
    int (*control)(struct file *file, int operation, void *value);
  } *methods;
};
enum { last_errno = 4, journal_pointer = 28 };  // SQLITE_FCNTL_…

int tg_sql_errno(sqlite3 *database) {
  int error = sqlite3_system_errno(database);
  if (error != 0) return error;
  // What a commit failed of is forgotten there by its rollback; the log's file still knows it.
  struct file *file = NULL;
  if (sqlite3_file_control(database, "main", journal_pointer, &file) != 0) return 0;
  if (file == NULL || file->methods == NULL) return 0;
  if (file->methods->control(file, last_errno, &error) != 0) return 0;
  return error;
}
