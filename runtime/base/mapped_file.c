/* mmap with errors in words.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/mapped_file.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum dsinfer_status fail_errno(struct dsinfer_error *err, const char *what) {
    char reason[128];

    if (strerror_r(errno, reason, sizeof(reason)) != 0) {
        reason[0] = '\0';
    }
    return dsi_fail(err, DSINFER_ERR_IO, "%s: %s", what, reason);
}

bool dsi_file_is_missing(const char *path) {
    struct stat facts;

    return lstat(path, &facts) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

enum dsinfer_status dsi_mapped_file_open(struct dsi_mapped_file *file, const char *path,
                                         struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_ERR_IO;
    struct stat facts;
    void *memory;
    int fd;

    file->bytes.data = NULL;
    file->bytes.size = 0;

    /* Not blocking: a FIFO must be refused, not waited for. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail_errno(err, "cannot be opened");
    }
    if (fstat(fd, &facts) != 0) {
        status = fail_errno(err, "cannot be examined");
        goto out;
    }
    if (!S_ISREG(facts.st_mode)) {
        status = dsi_fail(err, DSINFER_ERR_IO, "%s, but a regular file is needed",
                          S_ISDIR(facts.st_mode) ? "is a directory" : "is a device or pipe");
        goto out;
    }
    if (facts.st_size == 0) {
        status = DSINFER_OK;
        goto out;
    }

    memory = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) {
        status = fail_errno(err, "cannot be mapped");
        goto out;
    }
    file->bytes.data = memory;
    file->bytes.size = (size_t)facts.st_size;
    status = DSINFER_OK;
out:
    close(fd);
    return status;
}

void dsi_mapped_file_drop(const struct dsi_mapped_file *file, struct dsi_bytes bytes) {
    const long page = sysconf(_SC_PAGESIZE);
    size_t first, end;

    if (!file || !file->bytes.data || page <= 0 || bytes.data < file->bytes.data ||
        bytes.data + bytes.size > file->bytes.data + file->bytes.size) {
        return;
    }
    first = (size_t)(bytes.data - file->bytes.data);
    end = (first + bytes.size) / (size_t)page * (size_t)page;
    first = (first + (size_t)page - 1) / (size_t)page * (size_t)page;
    if (first < end) {
        (void)madvise((void *)(file->bytes.data + first), end - first, MADV_DONTNEED);
    }
}

void dsi_mapped_file_close(struct dsi_mapped_file *file) {
    if (file->bytes.data) {
        munmap((void *)file->bytes.data, file->bytes.size);
    }
    file->bytes.data = NULL;
    file->bytes.size = 0;
}
