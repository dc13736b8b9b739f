#ifndef TALLY_ZSTD_SHIM_H
#define TALLY_ZSTD_SHIM_H

#include <zstd.h>
#include <zstd_errors.h>

#endif
