// Rates that termios has no constant for, such as the PN532's 1,288,000: the kernel's own termios2,
// whose header does not go together with the C library's.
#include "cserial.h"

#include <asm/termbits.h>
#include <errno.h>
#include <sys/ioctl.h>

int tg_port_set_rate(int descriptor, int baud) {
  struct termios2 settings;
  if (ioctl(descriptor, TCGETS2, &settings) != 0) return -errno;
  settings.c_cflag &= ~(CBAUD | CBAUD << IBSHIFT);
  settings.c_cflag |= BOTHER;
  settings.c_ispeed = (speed_t)baud;
  settings.c_ospeed = (speed_t)baud;
  return ioctl(descriptor, TCSETS2, &settings) == 0 ? 0 : -errno;
}
