/* .npy files.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/npy.h"
#include "bin/memory.h"
#include "bin/output/writer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_SIZE ((size_t)1 << 32)
#define MAX_HEADER_SIZE 65536
#define PREFIX_SIZE 10 /* of version 1 */
#define ALIGNMENT 64

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

static const struct {
    const char *descr;
    enum dsinfer_element element;
    size_t size;
} elements[] = {
    {"<f4", DSINFER_ELEMENT_F32, 4},
    {"<i4", DSINFER_ELEMENT_I32, 4},
    {"<i8", DSINFER_ELEMENT_I64, 8},
    {"|b1", DSINFER_ELEMENT_BOOL, 1},
};

#define N_ELEMENTS (sizeof(elements) / sizeof(elements[0]))

/* The header being read: the text of a Python dictionary. */
struct header {
    const char *at, *end;
    bool has_descr, has_order, has_shape;
    struct cli_npy *array;
    struct cli_error *error;
};

size_t cli_npy_element_size(enum dsinfer_element element) {
    size_t i;

    for (i = 0; i < N_ELEMENTS; i++) {
        if (elements[i].element == element) {
            return elements[i].size;
        }
    }
    return 0;
}

const char *cli_npy_describe_shape(const size_t *dims, size_t rank, char *text, size_t size) {
    size_t length = (size_t)snprintf(text, size, "[");
    size_t i;

    for (i = 0; i < rank && length < size; i++) {
        length += (size_t)snprintf(text + length, size - length, "%s%zu", i ? ", " : "", dims[i]);
    }
    if (length < size) {
        snprintf(text + length, size - length, "]");
    }
    return text;
}

static bool malformed(struct header *header, const char *what) {
    return cli_fail(header->error, CLI_MALFORMED, "the header of the array has no valid %s", what);
}

static void skip_blanks(struct header *header) {
    while (header->at < header->end && (*header->at == ' ' || *header->at == '\n')) {
        header->at++;
    }
}

static bool take(struct header *header, char letter) {
    skip_blanks(header);
    if (header->at < header->end && *header->at == letter) {
        header->at++;
        return true;
    }
    return false;
}

static bool take_word(struct header *header, const char *word) {
    const size_t length = strlen(word);

    skip_blanks(header);
    if ((size_t)(header->end - header->at) >= length && memcmp(header->at, word, length) == 0) {
        header->at += length;
        return true;
    }
    return false;
}

static bool take_string(struct header *header, char *text, size_t size) {
    size_t length = 0;
    char quote;

    skip_blanks(header);
    if (header->at == header->end || (*header->at != '\'' && *header->at != '"')) {
        return false;
    }
    quote = *header->at++;
    while (header->at < header->end && *header->at != quote && length + 1 < size) {
        text[length++] = *header->at++;
    }
    text[length] = '\0';
    return take(header, quote);
}

static bool take_descr(struct header *header) {
    char descr[32];
    size_t i;

    if (!take_string(header, descr, sizeof(descr))) {
        return malformed(header, "'descr'");
    }
    for (i = 0; i < N_ELEMENTS; i++) {
        if (strcmp(descr, elements[i].descr) == 0) {
            header->array->element = elements[i].element;
            header->has_descr = true;
            return true;
        }
    }
    return cli_fail(header->error, CLI_UNSUPPORTED,
                    "the elements are '%s'; little-endian float32 ('<f4'), int32 ('<i4') or int64 "
                    "('<i8') are needed",
                    descr);
}

static bool take_order(struct header *header) {
    if (take_word(header, "True")) {
        return cli_fail(header->error, CLI_UNSUPPORTED,
                        "the array is in Fortran order; C order is needed");
    }
    header->has_order = take_word(header, "False");
    return header->has_order || malformed(header, "'fortran_order'");
}

static bool take_dimension(struct header *header, size_t *dimension) {
    size_t value = 0;
    const char *start;

    skip_blanks(header);
    start = header->at;
    while (header->at < header->end && *header->at >= '0' && *header->at <= '9') {
        value = value * 10 + (size_t)(*header->at++ - '0');
        if (value > MAX_FILE_SIZE) {
            return false;
        }
    }
    *dimension = value;
    return header->at > start;
}

static bool take_shape(struct header *header) {
    struct cli_npy *array = header->array;

    if (!take(header, '(')) {
        return malformed(header, "'shape'");
    }
    array->rank = 0;
    while (!take(header, ')')) {
        if (array->rank == CLI_NPY_MAX_RANK) {
            return cli_fail(header->error, CLI_UNSUPPORTED, "the array has more than %d dimensions",
                            CLI_NPY_MAX_RANK);
        }
        if (!take_dimension(header, &array->dims[array->rank])) {
            return malformed(header, "'shape'");
        }
        array->rank++;
        if (!take(header, ',')) {
            if (!take(header, ')')) {
                return malformed(header, "'shape'");
            }
            break;
        }
    }
    header->has_shape = true;
    return true;
}

static bool read_header(struct header *header) {
    char key[32];

    if (!take(header, '{')) {
        return malformed(header, "dictionary");
    }
    while (!take(header, '}')) {
        bool is_good;

        if (!take_string(header, key, sizeof(key)) || !take(header, ':')) {
            return malformed(header, "dictionary");
        }
        if (strcmp(key, "descr") == 0) {
            is_good = take_descr(header);
        } else if (strcmp(key, "fortran_order") == 0) {
            is_good = take_order(header);
        } else if (strcmp(key, "shape") == 0) {
            is_good = take_shape(header);
        } else {
            is_good = malformed(header, "keys");
        }
        if (!is_good) {
            return false;
        }
        if (!take(header, ',')) {
            if (!take(header, '}')) {
                return malformed(header, "dictionary");
            }
            break;
        }
    }
    if (!header->has_descr || !header->has_order || !header->has_shape) {
        return malformed(header, "'descr', 'fortran_order' and 'shape'");
    }
    return true;
}

/* Counts the values and compares them with what the file holds. */
static bool check_size(struct cli_npy *array, size_t n_bytes, struct cli_error *error) {
    const size_t element_size = cli_npy_element_size(array->element);
    char shape[160];
    size_t n = 1;
    size_t i;

    cli_npy_describe_shape(array->dims, array->rank, shape, sizeof(shape));
    for (i = 0; i < array->rank; i++) {
        if (array->dims[i] == 0) {
            n = 0;
            break;
        }
    }
    for (i = 0; n && i < array->rank; i++) {
        if (array->dims[i] > MAX_FILE_SIZE / n) {
            return cli_fail(error, CLI_MALFORMED, "shape %s is beyond the limit of 4 GiB", shape);
        }
        n *= array->dims[i];
    }
    if (n > MAX_FILE_SIZE / element_size || n * element_size != n_bytes) {
        return cli_fail(error, CLI_MALFORMED, "shape %s does not fit the %zu bytes that follow",
                        shape, n_bytes);
    }
    array->n_values = n;
    return true;
}

static bool parse(unsigned char *bytes, size_t size, struct cli_npy *array,
                  struct cli_error *error) {
    struct header header = {0};
    size_t header_size, start;

    if (size < PREFIX_SIZE + 2 || memcmp(bytes, magic, sizeof(magic)) != 0) {
        return cli_fail(error, CLI_MALFORMED, "not a .npy array");
    }
    if (bytes[6] < 1 || bytes[6] > 3) {
        return cli_fail(error, CLI_UNSUPPORTED, "version %d.%d of .npy; 1.0 to 3.0 are known",
                        bytes[6], bytes[7]);
    }
    header_size = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    start = PREFIX_SIZE;
    if (bytes[6] > 1) {
        header_size |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        start += 2;
    }
    if (header_size > MAX_HEADER_SIZE || header_size > size - start) {
        return cli_fail(error, CLI_MALFORMED, "the header of %zu bytes does not fit the file",
                        header_size);
    }
    header.at = (const char *)bytes + start;
    header.end = header.at + header_size;
    header.array = array;
    header.error = error;
    start += header_size;
    if (!read_header(&header) || !check_size(array, size - start, error)) {
        return false;
    }
    /* The header's length is the file's choice: the numbers are moved to an aligned place. */
    memmove(bytes, bytes + start, size - start);
    array->data = bytes;
    array->bytes = bytes;
    return true;
}

static unsigned char *read_whole(FILE *file, size_t *size, struct cli_error *error) {
    size_t capacity = 1 << 16;
    unsigned char *bytes = cli_realloc(NULL, capacity, 1);

    *size = 0;
    for (;;) {
        *size += fread(bytes + *size, 1, capacity - *size, file);
        if (*size < capacity) {
            break;
        }
        if (capacity >= MAX_FILE_SIZE) {
            free(bytes);
            cli_fail(error, CLI_RESOURCES, "larger than the limit of 4 GiB");
            return NULL;
        }
        capacity *= 2;
        bytes = cli_realloc(bytes, capacity, 1);
    }
    if (ferror(file)) {
        free(bytes);
        cli_fail_errno(error, "cannot be read");
        return NULL;
    }
    return bytes;
}

bool cli_npy_read(const char *path, struct cli_npy *array, struct cli_error *error) {
    struct cli_npy result = {0};
    unsigned char *bytes;
    size_t size;
    FILE *file = fopen(path, "rb");

    if (!file) {
        return cli_fail_errno(error, "cannot be read");
    }
    bytes = read_whole(file, &size, error);
    fclose(file);
    if (!bytes) {
        return false;
    }
    if (!parse(bytes, size, &result, error)) {
        free(bytes);
        return false;
    }
    *array = result;
    return true;
}

void cli_npy_finish(struct cli_npy *array) {
    free(array->bytes);
    memset(array, 0, sizeof(*array));
}

bool cli_npy_write_header(FILE *file, enum dsinfer_element element, const size_t *dims, size_t rank,
                          struct cli_error *error) {
    char text[4 * ALIGNMENT];
    const char *descr = "";
    size_t length, i;

    for (i = 0; i < N_ELEMENTS; i++) {
        if (elements[i].element == element) {
            descr = elements[i].descr;
        }
    }
    memcpy(text, magic, sizeof(magic));
    text[6] = 1;
    text[7] = 0;
    length = PREFIX_SIZE;
    length += (size_t)snprintf(text + length, sizeof(text) - length,
                               "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (i = 0; i < rank; i++) {
        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, i ? " %zu," : "%zu,", dims[i]);
    }
    length += (size_t)snprintf(text + length, sizeof(text) - length, "), }");
    do {
        text[length++] = ' ';
    } while (length % ALIGNMENT != ALIGNMENT - 1);
    text[length++] = '\n';
    text[8] = (char)((length - PREFIX_SIZE) & 0xff);
    text[9] = (char)((length - PREFIX_SIZE) >> 8);
    if (fwrite(text, 1, length, file) != length) {
        return cli_fail_errno(error, "cannot be written");
    }
    return true;
}

bool cli_npy_write(FILE *file, enum dsinfer_element element, const size_t *dims, size_t rank,
                   const void *data, struct cli_error *error) {
    const size_t element_size = cli_npy_element_size(element);
    size_t n = 1;
    size_t i;

    for (i = 0; i < rank; i++) {
        n *= dims[i];
    }
    if (!cli_npy_write_header(file, element, dims, rank, error)) {
        return false;
    }
    if (fwrite(data, element_size, n, file) != n) {
        return cli_fail_errno(error, "cannot be written");
    }
    return true;
}
