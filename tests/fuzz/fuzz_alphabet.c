/* Any bytes as alphabet.txt: refused cleanly, or labels that write an alphabet which reads as the
 * same labels again.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include "model/alphabet.h"

#include <string.h>

/* The text of an alphabet file with these labels; freed by the caller. */
static char *write_text(const struct dsi_alphabet *alphabet, size_t *size) {
    const size_t n = alphabet->n_labels;
    char *text = malloc(2 + n * (DSI_ALPHABET_MAX_LABEL_SIZE + 2));
    size_t used = 2;
    uint32_t i;

    FUZZ_CHECK(text);
    memcpy(text, "#\n", 2); /* else a label that is a byte order mark would be taken for one */
    for (i = 0; i < n; i++) {
        const char *label = dsi_alphabet_get(alphabet, i);
        const size_t length = strlen(label);

        FUZZ_CHECK(length > 0 && length <= DSI_ALPHABET_MAX_LABEL_SIZE);
        if (strcmp(label, "#") == 0) {
            text[used++] = '\\';
        }
        memcpy(text + used, label, length);
        used += length;
        text[used++] = '\n';
    }
    *size = used;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsi_alphabet first = {0};
    struct dsi_alphabet second = {0};
    struct dsinfer_error err = {0};
    size_t text_size;
    char *text;
    uint32_t i;

    if (dsi_alphabet_read(&first, (struct dsi_bytes){data, size}, &err) != DSINFER_OK) {
        FUZZ_CHECK(err.status != DSINFER_OK && err.message[0]);
        return 0;
    }
    text = write_text(&first, &text_size);
    FUZZ_CHECK(dsi_alphabet_read(&second, (struct dsi_bytes){(uint8_t *)text, text_size}, &err) ==
               DSINFER_OK);
    FUZZ_CHECK(second.n_labels == first.n_labels);
    FUZZ_CHECK(second.has_space == first.has_space && second.space == first.space);
    for (i = 0; i < first.n_labels; i++) {
        FUZZ_CHECK(strcmp(dsi_alphabet_get(&first, i), dsi_alphabet_get(&second, i)) == 0);
    }
    free(text);
    dsi_alphabet_finish(&first);
    dsi_alphabet_finish(&second);
    return 0;
}
