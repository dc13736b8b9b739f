#ifndef CTALLY_POSTGRES_SHIM_H
#define CTALLY_POSTGRES_SHIM_H

#include <libpq-fe.h>

#endif
