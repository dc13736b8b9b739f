#include "tally_simd.h"
