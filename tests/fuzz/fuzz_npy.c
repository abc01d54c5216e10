/* Any bytes as a .npy array: refused with a sentence, or an array that is written and read again
 * the same. SPDX-License-Identifier: BSD-2-Clause */
#include "bin/npy.h"
#include "tests/fuzz/fuzz_file.h"

#include <string.h>

static void check_same(const struct cli_npy *a, const struct cli_npy *b) {
    FUZZ_CHECK(a->element == b->element && a->rank == b->rank && a->n_values == b->n_values);
    FUZZ_CHECK(memcmp(a->dims, b->dims, a->rank * sizeof(a->dims[0])) == 0);
    FUZZ_CHECK(memcmp(a->data, b->data, a->n_values * cli_npy_element_size(a->element)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct cli_error error = {0};
    struct cli_npy array, again;
    struct fuzz_file file;

    fuzz_file_create(&file, data, size);
    if (cli_npy_read(file.path, &array, &error)) {
        FILE *out = fopen(file.path, "wb");

        FUZZ_CHECK(out &&
                   cli_npy_write(out, array.element, array.dims, array.rank, array.data, &error));
        FUZZ_CHECK(fclose(out) == 0);
        FUZZ_CHECK(cli_npy_read(file.path, &again, &error));
        check_same(&array, &again);
        cli_npy_finish(&again);
        cli_npy_finish(&array);
    } else {
        FUZZ_CHECK(error.message[0]);
    }
    fuzz_file_remove(&file);
    return 0;
}
