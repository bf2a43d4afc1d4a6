// Things that a program may or may not do, to be tried inside walls that it cannot leave.
#pragma once

// Forks a child that calls `enter` and then does what `name` says (probes.c lists it), with
// `folder` as the one folder that is its own. Returns 0 when it could, the errno when it was
// refused, minus the signal's number when it was killed, or 255 for a name that nobody knows.
int probe(void (*enter)(void), const char *name, const char *folder);
