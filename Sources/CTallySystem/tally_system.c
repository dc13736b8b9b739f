#define _GNU_SOURCE
#include "tally_system.h"

#include <fcntl.h>

int tally_direct_flag(void) {
#if defined(__linux__)
  return O_DIRECT;
#else
  return 0;
#endif
}

void tally_clear_direct(int descriptor) {
#if defined(__linux__)
  int flags = fcntl(descriptor, F_GETFL);
  if (flags >= 0) fcntl(descriptor, F_SETFL, flags & ~O_DIRECT);
#else
  (void)descriptor;
#endif
}
