/* Sets of files that appear together or not at all.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/writer.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_FILES 3

struct set {
    char folder[64];
    char paths[N_FILES][96];
    struct cli_whole_file files[N_FILES];
    struct cli_whole_file *pointers[N_FILES];
};

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

/* A fresh folder with old files at the first `n_old` places and complete new ones to be put. */
static void set_up(struct set *set, size_t n_old) {
    size_t i;

    memcpy(set->folder, "/tmp/dsinfer-writer-XXXXXX", sizeof("/tmp/dsinfer-writer-XXXXXX"));
    assert_non_null(mkdtemp(set->folder));
    for (i = 0; i < N_FILES; i++) {
        struct cli_error error;

        snprintf(set->paths[i], sizeof(set->paths[i]), "%s/%zu", set->folder, i);
        if (i < n_old) {
            put(set->paths[i], "old");
        }
        assert_true(cli_whole_file_open(&set->files[i], set->paths[i], &error));
        assert_true(fputs("new", set->files[i].file) >= 0);
        assert_true(cli_whole_file_finish(&set->files[i], &error));
        set->pointers[i] = &set->files[i];
    }
}

/* All that is in the folder are `n_old` files with the text, which are removed. */
static void tear_down(struct set *set, size_t n_expected, const char *text) {
    size_t n_found = 0;
    struct dirent *entry;
    DIR *folder;
    size_t i;

    for (i = 0; i < N_FILES; i++) {
        cli_whole_file_discard(&set->files[i]);
    }
    folder = opendir(set->folder);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        n_found += entry->d_name[0] != '.';
    }
    closedir(folder);
    assert_int_equal(n_found, n_expected);
    for (i = 0; i < n_expected; i++) {
        size_t size;
        unsigned char *bytes = test_read_file(set->paths[i], &size);

        assert_int_equal(size, strlen(text));
        assert_memory_equal(bytes, text, size);
        free(bytes);
        assert_int_equal(unlink(set->paths[i]), 0);
    }
    assert_int_equal(rmdir(set->folder), 0);
}

static void a_set_takes_the_place_of_another(void **state) {
    struct cli_error error;
    struct set set = {0};
    size_t n_old;
    size_t failed;

    (void)state;
    for (n_old = 0; n_old <= N_FILES; n_old++) {
        set_up(&set, n_old);
        assert_true(cli_whole_files_commit(set.pointers, N_FILES, &failed, &error));
        tear_down(&set, N_FILES, "new");
    }
}

static void the_old_set_comes_back_whichever_file_cannot_be_placed(void **state) {
    size_t n_old;
    size_t broken;

    (void)state;
    for (n_old = 0; n_old <= N_FILES; n_old += N_FILES) {
        for (broken = 0; broken < N_FILES; broken++) {
            struct cli_error error = {0};
            struct set set = {0};
            size_t failed = N_FILES;

            set_up(&set, n_old);
            assert_int_equal(unlink(set.files[broken].temporary), 0);
            assert_false(cli_whole_files_commit(set.pointers, N_FILES, &failed, &error));
            assert_int_equal(failed, broken);
            assert_int_equal(error.class, CLI_IO);
            tear_down(&set, n_old, "old");
        }
    }
}

static void a_folder_in_the_way_is_left_alone(void **state) {
    struct cli_error error = {0};
    struct set set = {0};
    size_t failed = N_FILES;

    (void)state;
    set_up(&set, 1);
    assert_int_equal(mkdir(set.paths[1], 0777), 0);
    assert_false(cli_whole_files_commit(set.pointers, N_FILES, &failed, &error));
    assert_int_equal(failed, 1);
    assert_int_equal(rmdir(set.paths[1]), 0);
    tear_down(&set, 1, "old");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_takes_the_place_of_another),
        cmocka_unit_test(the_old_set_comes_back_whichever_file_cannot_be_placed),
        cmocka_unit_test(a_folder_in_the_way_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
