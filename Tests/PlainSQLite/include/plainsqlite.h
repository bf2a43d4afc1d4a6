// A table of numbered rows kept by SQLite as anybody would use it, to hold the simulated disk
// against software that is known to be right. Results are SQLite's codes, 0 for good.
#pragma once

#include <stdint.h>

typedef struct plain_table plain_table;

// Opens or makes the table "plain.db" of a VFS, in write-ahead mode with the `synchronous` of that
// number: 0 OFF, 1 NORMAL, 2 FULL.
int plain_open(const char *vfs, int synchronous, plain_table **table);
// Commits `count` rows, numbered on from the last, in one transaction.
int plain_add(plain_table *table, int count);
// Moves the log into the database.
int plain_checkpoint(plain_table *table);
// Rows there are: numbered without a gap, each with the content that its number says, in a database
// that passes the integrity check. Anything else is -1.
int64_t plain_rows(plain_table *table);
void plain_close(plain_table *table);
