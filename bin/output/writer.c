/* Results to stdout and files.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/writer.h"
#include "bin/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cli_writer_open(struct cli_writer *writer, const char *path, struct cli_error *error) {
    if (!path || strcmp(path, "-") == 0) {
        writer->file = stdout;
        writer->name = CLI_STDOUT_NAME;
        return true;
    }
    writer->name = path;
    writer->file = fopen(path, "w");
    return writer->file ? true : cli_fail_errno(error, "cannot be written");
}

bool cli_writer_flush(FILE *file, struct cli_error *error) {
    errno = 0;
    if (fflush(file) == 0 && !ferror(file)) {
        return true;
    }
    if (errno == 0) {
        errno = EIO;
    }
    return cli_fail_errno(error, "cannot be written");
}

bool cli_writer_close(struct cli_writer *writer, struct cli_error *error) {
    bool is_good = cli_writer_flush(writer->file, error);

    if (writer->file != stdout && fclose(writer->file) != 0 && is_good) {
        is_good = cli_fail_errno(error, "cannot be written");
    }
    writer->file = NULL;
    return is_good;
}

/* A temporary file of this program alone or, `is_again`, of all that ever write `path`. */
static bool open_whole(struct cli_whole_file *whole, const char *path, bool is_again,
                       struct cli_error *error) {
    struct stat facts;
    const bool exists = stat(path, &facts) == 0;
    size_t size;
    int fd;

    memset(whole, 0, sizeof(*whole));
    if (exists && !S_ISREG(facts.st_mode)) {
        whole->file = fopen(path, "wb");
        return whole->file ? true : cli_fail_errno(error, "cannot be written");
    }
    /* A link stays a link: what it points to is replaced. */
    whole->path = exists ? realpath(path, NULL) : cli_strdup(path);
    if (!whole->path) {
        return cli_fail_errno(error, "cannot be written");
    }
    size = strlen(whole->path) + 32;
    whole->temporary = cli_calloc(size, 1);
    if (is_again) {
        snprintf(whole->temporary, size, "%s.tmp", whole->path);
    } else {
        snprintf(whole->temporary, size, "%s.%ld.tmp", whole->path, (long)getpid());
    }
    fd = open(whole->temporary,
              O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (is_again ? O_TRUNC : O_EXCL), 0666);
    whole->file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!whole->file) {
        cli_fail_errno(error, "cannot be written");
        if (fd >= 0) {
            close(fd);
        } else {
            free(whole->temporary); /* not ours: it must not be removed */
            whole->temporary = NULL;
        }
        cli_whole_file_discard(whole);
        return false;
    }
    return true;
}

bool cli_whole_file_open(struct cli_whole_file *whole, const char *path, struct cli_error *error) {
    return open_whole(whole, path, false, error);
}

bool cli_whole_file_open_again(struct cli_whole_file *whole, const char *path,
                               struct cli_error *error) {
    return open_whole(whole, path, true, error);
}

bool cli_whole_file_finish(struct cli_whole_file *whole, struct cli_error *error) {
    FILE *file = whole->file;

    if (!cli_writer_flush(file, error)) {
        return false;
    }
    whole->file = NULL;
    return fclose(file) == 0 ? true : cli_fail_errno(error, "cannot be written");
}

bool cli_whole_file_commit(struct cli_whole_file *whole, struct cli_error *error) {
    if (whole->temporary && rename(whole->temporary, whole->path) != 0) {
        return cli_fail_errno(error, "cannot be written");
    }
    free(whole->temporary);
    whole->temporary = NULL;
    return true;
}

/* Makes way at `path`; to have had nothing there is no failure. */
static bool set_aside(struct cli_whole_file *whole, struct cli_error *error) {
    const size_t size = strlen(whole->path) + 32;
    struct stat facts;

    if (lstat(whole->path, &facts) != 0) {
        return errno == ENOENT ? true : cli_fail_errno(error, "cannot be written");
    }
    if (S_ISDIR(facts.st_mode)) {
        errno = EISDIR;
        return cli_fail_errno(error, "cannot be written");
    }
    whole->aside = cli_calloc(size, 1);
    snprintf(whole->aside, size, "%s.%ld.old", whole->path, (long)getpid());
    if (rename(whole->path, whole->aside) != 0) {
        cli_fail_errno(error, "cannot be written");
        free(whole->aside);
        whole->aside = NULL;
        return false;
    }
    return true;
}

/* Ends the time aside: what was there is dropped, or comes back. */
static void end_aside(struct cli_whole_file *whole, bool comes_back) {
    if (whole->aside && comes_back) {
        rename(whole->aside, whole->path);
    } else if (whole->aside) {
        unlink(whole->aside);
    }
    free(whole->aside);
    whole->aside = NULL;
}

bool cli_whole_files_commit(struct cli_whole_file *const *files, size_t n, size_t *failed,
                            struct cli_error *error) {
    size_t n_placed = 0;
    bool is_good = true;
    size_t i;

    for (i = n; i > 0 && is_good; i--) {
        if (files[i - 1]->temporary && !set_aside(files[i - 1], error)) {
            *failed = i - 1;
            is_good = false;
        }
    }
    while (n_placed < n && is_good) {
        const struct cli_whole_file *whole = files[n_placed];

        if (whole->temporary && rename(whole->temporary, whole->path) != 0) {
            *failed = n_placed;
            is_good = cli_fail_errno(error, "cannot be written");
        } else {
            n_placed++;
        }
    }
    for (i = n_placed; i > 0 && !is_good; i--) { /* to be discarded */
        if (files[i - 1]->temporary) {
            rename(files[i - 1]->path, files[i - 1]->temporary);
        }
    }
    for (i = 0; i < n; i++) {
        end_aside(files[i], !is_good);
        if (is_good) {
            free(files[i]->temporary);
            files[i]->temporary = NULL;
        }
    }
    return is_good;
}

void cli_whole_file_discard(struct cli_whole_file *whole) {
    if (whole->file) {
        fclose(whole->file);
    }
    if (whole->temporary) {
        unlink(whole->temporary);
    }
    free(whole->temporary);
    free(whole->path);
    memset(whole, 0, sizeof(*whole));
}

bool cli_is_same_file(const char *a, const char *b) {
    struct stat a_facts, b_facts;

    return stat(a, &a_facts) == 0 && stat(b, &b_facts) == 0 && S_ISREG(a_facts.st_mode) &&
           a_facts.st_dev == b_facts.st_dev && a_facts.st_ino == b_facts.st_ino;
}
