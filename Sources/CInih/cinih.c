// Nothing but a check: both headers declare the same functions, or this does not compile.
#include <ini.h>

#include "cinih.h"
