// The part of inih that Tillgate uses, as our own prototypes (inih r55). The compiler holds them
// against the library's own header in cinih.c.
#pragma once

// Called for each `name = value`; returns non-zero to go on. A library built with
// INI_HANDLER_LINENO passes one argument more, which the C calling convention lets us ignore.
typedef int (*ini_handler)(void *user, const char *section, const char *name, const char *value);

// Parses a NUL-terminated text. Returns 0, or the number of the first line that is no INI.
int ini_parse_string(const char *text, ini_handler handler, void *user);
