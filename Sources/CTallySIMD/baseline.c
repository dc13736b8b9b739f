/* The scan by the instructions that every machine of this kind has. */
#define NAME(function) tally_##function##_baseline
#include "scan_body.h"
