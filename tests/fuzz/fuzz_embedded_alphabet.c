/* Any bytes as the alphabet inside a model: refused with a sentence, or as many different labels as
 * it says, none of them empty.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include "model/alphabet.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsi_alphabet alphabet = {0};
    struct dsinfer_error err = {0};
    uint32_t i;

    if (dsi_alphabet_read_embedded(&alphabet, (struct dsi_bytes){data, size}, &err) != DSINFER_OK) {
        FUZZ_CHECK(err.status != DSINFER_OK && err.message[0]);
        return 0;
    }
    FUZZ_CHECK(alphabet.n_labels == (size_t)(data[0] | data[1] << 8));
    for (i = 0; i < alphabet.n_labels; i++) {
        const char *label = dsi_alphabet_get(&alphabet, i);

        FUZZ_CHECK(label[0]);
        FUZZ_CHECK((strcmp(label, " ") == 0) == (alphabet.has_space && alphabet.space == i));
        FUZZ_CHECK(i == 0 || strcmp(label, dsi_alphabet_get(&alphabet, i - 1)) != 0);
    }
    dsi_alphabet_finish(&alphabet);
    return 0;
}
