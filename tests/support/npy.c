/* .npy: "\x93NUMPY", version, header length, a Python dictionary as text, then the elements.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/npy.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Reads the dimensions out of "(16, 29)" or "(5,)". */
static void read_shape(const char *text, struct test_npy *npy) {
    npy->rank = 0;
    npy->count = 1;
    while (*text != ')') {
        char *end;
        unsigned long dim = strtoul(text, &end, 10);

        if (end == text) {
            text++;
            continue;
        }
        assert_true(npy->rank < 8);
        npy->dims[npy->rank++] = dim;
        npy->count *= dim;
        text = end;
    }
}

void test_npy_read(const char *path, struct test_npy *npy) {
    size_t size, header;
    char *text, *shape;

    memset(npy, 0, sizeof(*npy));
    npy->file = test_read_file(path, &size);
    assert_true(size >= 10 && memcmp(npy->file, "\x93NUMPY\x01", 7) == 0);
    header = (size_t)npy->file[8] | (size_t)npy->file[9] << 8;
    assert_true(10 + header <= size);
    text = calloc(header + 1, 1);
    assert_non_null(text);
    memcpy(text, npy->file + 10, header);
    assert_non_null(strstr(text, "'fortran_order': False"));
    shape = strstr(text, "'shape': (");
    assert_non_null(shape);
    read_shape(shape + strlen("'shape': ("), npy);

    npy->kind = strstr(text, "'<f4'") ? 'f' : strstr(text, "'<i4'") ? 'i' : 'h';
    if (npy->kind == 'h') {
        assert_non_null(strstr(text, "'<i2'"));
    }
    assert_int_equal(size - 10 - header, npy->count * (npy->kind == 'h' ? 2 : 4));
    npy->f32 = npy->kind == 'f' ? (const void *)(npy->file + 10 + header) : NULL;
    npy->i32 = npy->kind == 'i' ? (const void *)(npy->file + 10 + header) : NULL;
    npy->i16 = npy->kind == 'h' ? (const void *)(npy->file + 10 + header) : NULL;
    free(text);
}

void test_npy_free(struct test_npy *npy) {
    free(npy->file);
    memset(npy, 0, sizeof(*npy));
}
