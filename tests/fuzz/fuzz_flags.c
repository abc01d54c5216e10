/* Any texts as the flags of a conversion of a small network: refused with a sentence, or a
 * conversion that says what it is; also while an allocation fails, which the last byte numbers.
 *
 * Input: the texts of input, input_shape, output and freeze, each ended by a NUL byte and as good
 * as not given where it is empty; a byte for version and type; a byte for the allocation.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/fuzz/fuzz_target.h"

#include <dsinfer/convert.h>

#include <string.h>

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t take(struct input *input) {
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->data++;
}

/* The text up to the next NUL; NULL where it is empty. The caller frees it. */
static char *take_text(struct input *input) {
    const uint8_t *end = input->size ? memchr(input->data, 0, input->size) : NULL;
    const size_t size = end ? (size_t)(end - input->data) : input->size;
    char *text = size ? malloc(size + 1) : NULL;

    if (text) {
        memcpy(text, input->data, size);
        text[size] = '\0';
    }
    input->data += size + (end ? 1 : 0);
    input->size -= size + (end ? 1 : 0);
    return text;
}

static void check_texts(const struct dsinfer_conversion *conversion) {
    const struct dsinfer_convert_port *port;
    const char *note;
    size_t i;

    for (i = 0; (port = dsinfer_conversion_get_port(conversion, i)) != NULL; i++) {
        FUZZ_CHECK(port->name[0] && port->rank >= 1 && port->rank <= DSINFER_CONVERT_MAX_RANK);
    }
    FUZZ_CHECK(i >= 2);
    for (i = 0; (note = dsinfer_conversion_get_note(conversion, i)) != NULL; i++) {
        FUZZ_CHECK(note[0]);
    }
    for (i = 0; (note = dsinfer_conversion_get_pass(conversion, i)) != NULL; i++) {
        FUZZ_CHECK(note[0]);
    }
    FUZZ_CHECK(i > 0);
    FUZZ_CHECK(strstr(dsinfer_conversion_get_flags(conversion), "--input "));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *folder = getenv("DSINFER_SOURCE");
    struct dsinfer_convert_options options;
    struct dsinfer_conversion *conversion;
    struct dsinfer_error err = {0};
    struct input input = {data, size};
    char *texts[4];
    enum dsinfer_status status;
    char path[1024];
    uint8_t bits;
    size_t i;

    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/graphdef/ds030-h4.pb",
             folder ? folder : ".");
    for (i = 0; i < 4; i++) {
        texts[i] = take_text(&input);
    }
    bits = take(&input);
    dsinfer_convert_options_init(&options);
    options.input = texts[0];
    options.input_shape = texts[1];
    options.output = texts[2];
    options.freeze = texts[3];
    options.ir_version = 10 + bits % 3;
    options.type = (enum dsinfer_convert_type)(bits / 3 % 3);
    dsi_alloc_fail_after(input.size ? (long)take(&input) : -1);
    status = dsinfer_conversion_create(path, &options, &conversion, &err);
    dsi_alloc_fail_after(-1);
    if (status == DSINFER_OK) {
        check_texts(conversion);
    } else {
        FUZZ_CHECK(!conversion && err.status == status && err.message[0]);
    }
    dsinfer_conversion_destroy(conversion);
    for (i = 0; i < 4; i++) {
        free(texts[i]);
    }
    return 0;
}
