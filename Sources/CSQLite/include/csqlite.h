// The part of SQLite that the journal uses, as our own prototypes: the firmware cross-compiles
// Swift against these without the library's headers. Shapes: SQLite 3.40. Text is NUL-terminated.
#pragma once
#include <stdint.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;

int sqlite3_open_v2(const uint8_t *path, sqlite3 **database, int flags, const uint8_t *vfs);
int sqlite3_close(sqlite3 *database);
int sqlite3_extended_result_codes(sqlite3 *database, int on);
int sqlite3_db_readonly(sqlite3 *database, const uint8_t *name);
int sqlite3_get_autocommit(sqlite3 *database);

int sqlite3_prepare_v3(sqlite3 *database, const uint8_t *sql, int size, unsigned flags,
                       sqlite3_stmt **statement, const uint8_t **rest);
int sqlite3_step(sqlite3_stmt *statement);
int sqlite3_reset(sqlite3_stmt *statement);
int sqlite3_finalize(sqlite3_stmt *statement);

int sqlite3_bind_int64(sqlite3_stmt *statement, int place, int64_t value);
int64_t sqlite3_column_int64(sqlite3_stmt *statement, int place);
// Valid until the next step or reset; null when it has no bytes.
const uint8_t *sqlite3_column_blob(sqlite3_stmt *statement, int place);
int sqlite3_column_bytes(sqlite3_stmt *statement, int place);

// Binds a copy of the bytes (sqlite3_bind_blob with SQLITE_TRANSIENT).
int tg_sql_bind(sqlite3_stmt *statement, int place, const void *bytes, int size);

// The errno of the system call that failed last, on the database or its write-ahead log.
int tg_sql_errno(sqlite3 *database);
