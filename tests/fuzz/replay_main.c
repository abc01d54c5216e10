/* Runs a fuzz target without a fuzzer: over every file of a corpus folder, and over damaged
 * variants of each.
 *
 *     fuzz_graphdef CORPUS_DIR|FILE [N_VARIANTS]
 *
 * The variants (default 0) are cut, overwritten, doubled and zeroed copies, the same ones in every
 * run. The name of each input is printed before it is tried, so that the last line names the one
 * that crashed; --save FILE after the number writes each variant there first, to keep that one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/rng.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILE_SIZE (64u << 20)
#define MAX_PATH 1024

struct replay {
    unsigned long n_variants; /* of each file */
    const char *save_path;    /* NULL: variants are not written */
};

static bool read_whole(const char *path, uint8_t **data, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    struct stat info;
    size_t n;
    bool ok = false;

    if (!file || fstat(fileno(file), &info) != 0 || info.st_size < 0 ||
        info.st_size > (off_t)MAX_FILE_SIZE) {
        goto out;
    }
    n = (size_t)info.st_size;
    bytes = malloc(n + !n);
    if (!bytes || fread(bytes, 1, n, file) != n) {
        goto out;
    }
    *data = bytes;
    *size = n;
    bytes = NULL;
    ok = true;
out:
    free(bytes);
    if (file) {
        fclose(file);
    }
    if (!ok) {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    return ok;
}

static bool write_whole(const char *path, const uint8_t *data, size_t size) {
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(data, 1, size, file) == size;

    if (file && fclose(file) != 0) {
        ok = false;
    }
    if (!ok) {
        fprintf(stderr, "%s: cannot be written\n", path);
    }
    return ok;
}

/* Gives the target a block of exactly `size` bytes, so that an address sanitizer sees every byte
 * read beyond it. */
static bool run_exact(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size + !size);

    if (!copy) {
        return false;
    }
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return true;
}

/* Damages `data` in place and returns how much of it is left. */
static size_t damage(struct test_rng *rng, uint8_t *data, size_t size) {
    static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t n_hits = 1 + test_rng_next(rng) % 8;
    size_t length;
    size_t from;
    size_t to;

    while (size > 0 && n_hits-- > 0) {
        from = test_rng_next(rng) % size;
        to = test_rng_next(rng) % size;
        length = 1 + test_rng_next(rng) % 16;
        length = length < size - from ? length : size - from;
        length = length < size - to ? length : size - to;
        switch (test_rng_next(rng) % 6) {
        case 0:
            data[from] = (uint8_t)test_rng_next(rng);
            break;
        case 1:
            data[from] ^= (uint8_t)(1u << test_rng_next(rng) % 8);
            break;
        case 2:
            data[from] = telling[test_rng_next(rng) % sizeof(telling)];
            break;
        case 3:
            memset(data + from, telling[test_rng_next(rng) % sizeof(telling)], length);
            break;
        case 4:
            memmove(data + to, data + from, length);
            break;
        default:
            /* Cut off a part of the end, mostly a small one. */
            size -= test_rng_next(rng) % 4 ? length % size : size - from;
            break;
        }
    }
    return size;
}

static bool run_file(const struct replay *replay, const char *path) {
    struct test_rng rng = {UINT64_C(0x9e3779b97f4a7c15)};
    uint8_t *data = NULL;
    uint8_t *variant = NULL;
    size_t size = 0;
    size_t left;
    unsigned long i;
    bool ok = false;

    printf("%s\n", path);
    fflush(stdout);
    if (!read_whole(path, &data, &size) || !run_exact(data, size)) {
        goto out;
    }
    variant = malloc(size + !size);
    if (!variant) {
        goto out;
    }
    for (i = 0; i < replay->n_variants; i++) {
        memcpy(variant, data, size);
        left = damage(&rng, variant, size);
        if (replay->save_path && !write_whole(replay->save_path, variant, left)) {
            goto out;
        }
        printf("%s, variant %lu\n", path, i);
        fflush(stdout);
        if (!run_exact(variant, left)) {
            goto out;
        }
    }
    ok = true;
out:
    free(variant);
    free(data);
    return ok;
}

/* Returns the number of files tried, or -1 when one of them cannot be read. */
static long run_folder(const struct replay *replay, const char *path) {
    struct dirent **entries = NULL;
    int n_entries = scandir(path, &entries, NULL, alphasort);
    char name[MAX_PATH];
    long n_files = 0;
    int i;

    for (i = 0; i < n_entries; i++) {
        if (entries[i]->d_name[0] != '.' && n_files >= 0) {
            if ((size_t)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name) >=
                    sizeof(name) ||
                !run_file(replay, name)) {
                n_files = -1;
            } else {
                n_files++;
            }
        }
        free(entries[i]);
    }
    free(entries);
    return n_files;
}

int main(int argc, char **argv) {
    struct replay replay = {0, NULL};
    struct stat info;
    long n_files;

    if (argc < 2 || argc == 4 || argc > 5 || (argc == 5 && strcmp(argv[3], "--save") != 0)) {
        fprintf(stderr, "usage: %s CORPUS_DIR|FILE [N_VARIANTS [--save FILE]]\n", argv[0]);
        return 2;
    }
    if (argc > 2) {
        replay.n_variants = strtoul(argv[2], NULL, 10);
    }
    if (argc > 4) {
        replay.save_path = argv[4];
    }
    if (stat(argv[1], &info) != 0) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    n_files = S_ISDIR(info.st_mode) ? run_folder(&replay, argv[1])
                                    : (run_file(&replay, argv[1]) ? 1 : -1);
    if (n_files == 0) {
        fprintf(stderr, "%s: a corpus without a file tests nothing\n", argv[1]);
    }
    return n_files > 0 ? 0 : 1;
}
