#include "cserial.h"
