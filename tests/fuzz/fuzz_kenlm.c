/* Any bytes as a language model, binary or text: refused cleanly, or every score can be asked for.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/use_lm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsinfer_error err = {0};
    struct dsi_lm *lm = NULL;
    size_t end = SIZE_MAX;

    if (dsi_lm_open_bytes((struct dsi_bytes){data, size}, &lm, &end, &err) != DSINFER_OK) {
        FUZZ_CHECK(!lm && err.status != DSINFER_OK && err.message[0]);
        return 0;
    }
    FUZZ_CHECK(end <= size);
    use_lm(lm);
    dsi_lm_unref(lm);
    return 0;
}
