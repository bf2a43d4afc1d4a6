// SwiftPM wants one source file per C target; the library itself is linked.
#include "csodium.h"
