#include "plainsqlite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { content_size = 700 };

struct plain_table {
  sqlite3 *connection;
  int64_t next;
};

static int run(plain_table *table, const char *statement) {
  return sqlite3_exec(table->connection, statement, NULL, NULL, NULL);
}

// Bytes that depend on all of the row's number.
static void fill(int64_t row, uint8_t content[content_size]) {
  uint64_t word = (uint64_t)row * 0x9E3779B97F4A7C15 + 1;
  for (int index = 0; index < content_size; index++) {
    word ^= word << 13, word ^= word >> 7, word ^= word << 17;
    content[index] = (uint8_t)word;
  }
}

int plain_open(const char *vfs, int synchronous, plain_table **made) {
  *made = NULL;
  plain_table *table = calloc(1, sizeof *table);
  if (!table) abort();
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int result = sqlite3_open_v2("plain.db", &table->connection, flags, vfs);
  char synchronise[40];
  snprintf(synchronise, sizeof synchronise, "PRAGMA synchronous=%d", synchronous);
  const char *statements[] = {
      "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL",
      "PRAGMA wal_autocheckpoint=20",  synchronise,
      "CREATE TABLE IF NOT EXISTS plain (number INTEGER PRIMARY KEY, content BLOB NOT NULL)",
  };
  for (int index = 0; !result && index < 5; index++) result = run(table, statements[index]);
  if (!result) {
    table->next = plain_rows(table);
    if (table->next < 0) result = SQLITE_CORRUPT;
  }
  if (result) plain_close(table);
  else *made = table;
  return result;
}

static int insert(plain_table *table, sqlite3_stmt *statement) {
  uint8_t content[content_size];
  fill(table->next, content);
  sqlite3_bind_int64(statement, 1, table->next);
  sqlite3_bind_blob(statement, 2, content, content_size, SQLITE_STATIC);
  int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (result != SQLITE_DONE) return result;
  table->next++;
  return SQLITE_OK;
}

int plain_add(plain_table *table, int count) {
  sqlite3_stmt *statement = NULL;
  int64_t before = table->next;
  int result = run(table, "BEGIN IMMEDIATE");
  if (result) return result;
  result = sqlite3_prepare_v2(table->connection, "INSERT INTO plain VALUES (?, ?)", -1, &statement,
                              NULL);
  while (!result && count-- > 0) result = insert(table, statement);
  sqlite3_finalize(statement);
  if (!result) result = run(table, "COMMIT");
  if (result) {
    run(table, "ROLLBACK");
    table->next = before;
  }
  return result;
}

int plain_checkpoint(plain_table *table) { return run(table, "PRAGMA wal_checkpoint(TRUNCATE)"); }

static int is_whole(plain_table *table) {
  sqlite3_stmt *statement = NULL;
  int is_ok = !sqlite3_prepare_v2(table->connection, "PRAGMA integrity_check", -1, &statement, NULL)
              && sqlite3_step(statement) == SQLITE_ROW
              && !strcmp((const char *)sqlite3_column_text(statement, 0), "ok");
  sqlite3_finalize(statement);
  return is_ok;
}

int64_t plain_rows(plain_table *table) {
  if (!is_whole(table)) return -1;
  sqlite3_stmt *statement = NULL;
  const char *all = "SELECT number, content FROM plain ORDER BY number";
  if (sqlite3_prepare_v2(table->connection, all, -1, &statement, NULL)) return -1;
  int64_t count = 0;
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    uint8_t content[content_size];
    fill(count, content);
    if (sqlite3_column_int64(statement, 0) != count
        || sqlite3_column_bytes(statement, 1) != content_size
        || memcmp(sqlite3_column_blob(statement, 1), content, content_size))
      break;
    count++;
  }
  sqlite3_finalize(statement);
  return result == SQLITE_DONE ? count : -1;
}

void plain_close(plain_table *table) {
  if (!table) return;
  sqlite3_close(table->connection);
  free(table);
}
