// Small files that must survive a power cut or must not be read by others.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Names are NUL-terminated bytes: Swift's StaticString points to such. Everything here returns
// -errno on failure.

// Opens a directory; with `create`, makes it first (mode 0700) if it is missing.
int tg_open_directory(const uint8_t *path, int create);
// Takes the directory for this process until it is closed; -EWOULDBLOCK when another has it.
int tg_lock_directory(int directory);
// Opens a regular file for reading, below `directory` or, with directory -1, by path. `mode`
// becomes its permission bits. Anything but a regular file is -EINVAL: nothing here may block.
int tg_open_file(int directory, const uint8_t *name, uint32_t *mode);
// Opens NAME.new in `directory` for writing, empty, mode 0600. Made by root it is the directory's
// owner's: what an administrator leaves there, the service must be able to read.
int tg_open_replacement(int directory, const uint8_t *name);
// Renames NAME.new to NAME.
int tg_rename_replacement(int directory, const uint8_t *name);
// Removes NAME.new.
int tg_remove_replacement(int directory, const uint8_t *name);
// Makes or empties the file at `path`, which everybody may read, for writing.
int tg_create_file(const uint8_t *path);
int tg_remove_file(int directory, const uint8_t *name);
long tg_read(int descriptor, void *bytes, size_t size);
int tg_sync(int descriptor);
void tg_close(int descriptor);
uint32_t tg_directory_mode(int directory);
// Makes the file anew for writing, and the directories above it that are missing.
int tg_create_below(const uint8_t *path);
// Bytes that ordinary programs may still write where `path` is; 0 when it cannot be told.
uint64_t tg_free_bytes(const uint8_t *path);

// What an errno means, as static text.
const char *tg_error_text(int error);
// An environment variable, or null.
const uint8_t *tg_environment(const uint8_t *name);
