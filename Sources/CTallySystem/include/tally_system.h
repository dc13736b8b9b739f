#ifndef TALLY_SYSTEM_H
#define TALLY_SYSTEM_H

#include <stdint.h>

/* Asks the system to begin writing a part of a file to its disk, and doesn't wait for it. Nothing where it can't be
 * asked. */
void tally_begin_writing(int descriptor, int64_t offset, int64_t bytes);

#endif
