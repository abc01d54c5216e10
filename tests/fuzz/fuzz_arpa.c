/* Any bytes behind "\data\" as ARPA text: refused with a line number, or a model whose words have
 * the indices of their places.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/use_lm.h"

static void check_words(const struct dsi_lm *lm) {
    const struct dsi_bytes strings = dsi_lm_get_strings(lm);
    const char *text = (const char *)strings.data;
    const char *end = text + strings.size;
    uint32_t n = 0;

    for (; text < end; text += strlen(text) + 1) {
        FUZZ_CHECK(dsi_lm_find_word(lm, text, strlen(text)) == n);
        n++;
    }
    FUZZ_CHECK(n == dsi_lm_get_info(lm)->n_words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char head[] = "\\data\\\n";
    const size_t head_size = sizeof(head) - 1;
    uint8_t *text = malloc(head_size + size);
    struct dsinfer_error err = {0};
    struct dsi_lm *lm = NULL;
    size_t end;

    FUZZ_CHECK(text);
    memcpy(text, head, head_size);
    if (size) {
        memcpy(text + head_size, data, size);
    }
    if (dsi_lm_open_bytes((struct dsi_bytes){text, head_size + size}, &lm, &end, &err) ==
        DSINFER_OK) {
        use_lm(lm);
        check_words(lm);
    } else {
        FUZZ_CHECK(!lm && (strstr(err.message, "line ") || err.status == DSINFER_ERR_NO_MEMORY));
    }
    dsi_lm_unref(lm);
    free(text);
    return 0;
}
