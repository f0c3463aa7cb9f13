/* An LD_PRELOAD shim: the k-th system call on files below $FAIL_BELOW fails with $FAIL_ERRNO,
   once, or from then on where $FAIL_FOREVER is set. At exit the number of such calls is written
   to the descriptor $FAIL_COUNT_FD. Built and used by test_logger_syscall_faults.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long calls = 0;

static int is_below(const char *path) {
    const char *root = getenv("FAIL_BELOW");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int is_below_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int fails(void) {
    long number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    long chosen = atol(getenv("FAIL_AT") ? getenv("FAIL_AT") : "0");
    if (chosen == 0 || number < chosen || (number > chosen && !getenv("FAIL_FOREVER"))) return 0;
    errno = atoi(getenv("FAIL_ERRNO"));
    return 1;
}

__attribute__((destructor)) static void report(void) {
    const char *fd = getenv("FAIL_COUNT_FD");
    if (fd) dprintf(atoi(fd), "%ld\n", calls);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    if (is_below_fd(fd) && fails()) return -1;
    return REAL(write)(fd, data, size);
}

static mode_t mode_of(int flags, va_list rest) {
    return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                          \
    int name(const char *path, int flags, ...) {            \
        va_list rest;                                       \
        va_start(rest, flags);                              \
        mode_t mode = mode_of(flags, rest);                 \
        va_end(rest);                                       \
        if (is_below(path) && fails()) return -1;           \
        return REAL(name)(path, flags, mode);               \
    }
OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to) {
    if (is_below(to) && fails()) return -1;
    return REAL(rename)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (is_below(path) && fails()) return -1;
    return REAL(mkdir)(path, mode);
}

int fsync(int fd) {
    if (is_below_fd(fd) && fails()) return -1;
    return REAL(fsync)(fd);
}

int close(int fd) {
    int failed = is_below_fd(fd) && fails();
    int code = errno;
    int result = REAL(close)(fd);
    if (failed) {
        errno = code;
        return -1;
    }
    return result;
}
