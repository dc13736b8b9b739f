#ifndef TALLY_ZLIB_SHIM_H
#define TALLY_ZLIB_SHIM_H

#include <zlib.h>

/* inflateInit2 and deflateInit2 are macros, which Swift can't call. 16 added to the window bits means gzip's framing. */

static inline int tally_gunzip_init(z_stream *stream) { return inflateInit2(stream, 15 + 16); }

static inline int tally_gzip_init(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
