/* The input of a fuzz target as a file, for readers that take a path.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FUZZ_FUZZ_FILE_H
#define TESTS_FUZZ_FUZZ_FILE_H

#include "tests/fuzz/fuzz_target.h"

#include <unistd.h>

struct fuzz_file {
    char path[32];
};

static inline void fuzz_file_create(struct fuzz_file *file, const uint8_t *data, size_t size) {
    FILE *stream;
    int fd;

    *file = (struct fuzz_file){"/tmp/dsinfer-fuzz-XXXXXX"};
    fd = mkstemp(file->path);
    stream = fd < 0 ? NULL : fdopen(fd, "wb");
    FUZZ_CHECK(stream && fwrite(data, 1, size, stream) == size && fclose(stream) == 0);
}

static inline void fuzz_file_remove(const struct fuzz_file *file) {
    FUZZ_CHECK(unlink(file->path) == 0);
}

#endif
