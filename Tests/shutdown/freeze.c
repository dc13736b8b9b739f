// A disk that doesn't answer: while the file that FREEZE names exists, writes to regular files and syncs wait. Loaded before
// the C library (LD_PRELOAD).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static void wait_for_thaw(int descriptor) {
  struct stat status;
  const char *file = getenv("FREEZE");
  // The log is the test's own.
  if (!file || descriptor == STDERR_FILENO || fstat(descriptor, &status) || !S_ISREG(status.st_mode)) return;
  while (!access(file, F_OK)) usleep(10000);
}

#define FROZEN(result, name, parameters, ...)                                         \
  result name parameters {                                                            \
    static result(*real) parameters;                                                  \
    if (!real) real = (result(*) parameters)dlsym(RTLD_NEXT, #name);                  \
    wait_for_thaw(descriptor);                                                        \
    return real(__VA_ARGS__);                                                         \
  }

FROZEN(int, fsync, (int descriptor), descriptor)
FROZEN(int, fdatasync, (int descriptor), descriptor)
FROZEN(ssize_t, write, (int descriptor, const void *bytes, size_t count), descriptor, bytes, count)
FROZEN(ssize_t, pwrite, (int descriptor, const void *bytes, size_t count, off_t place), descriptor, bytes, count, place)
FROZEN(ssize_t, pwrite64, (int descriptor, const void *bytes, size_t count, off64_t place), descriptor, bytes, count, place)
FROZEN(ssize_t, pwritev, (int descriptor, const struct iovec *pieces, int count, off_t place), descriptor, pieces, count, place)
