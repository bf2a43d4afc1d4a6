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
