/* The table of front ends. The numbers are those of the streaming clients of Mozilla DeepSpeech
 * 0.1 to 0.9 and Coqui STT. SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/params.h"

#include "frontend/mfcc.h"
#include "runtime/base/error.h"

/* Order of the columns: family, name, rate, window, step, keep, scale, pre-emphasis, Hamming,
 * bands, low, high, arithmetic, whole recordings. */
static const struct dsi_frontend_params table[] = {
    {DSINFER_FAMILY_DS03, "ds03", 16000, 400, 160, 2, 1.0f, 0.97f, false, 26, 0.0, 8000.0,
     &dsi_mfcc_speech},
    {DSINFER_FAMILY_DS04, "ds04", 16000, 512, 320, 1, 1.0f, 0.97f, true, 26, 0.0, 8000.0,
     &dsi_mfcc_speech},
    {DSINFER_FAMILY_DS05, "ds05", 16000, 512, 320, 1, 1.0f / 32768.0f, 0.0f, false, 40, 20.0,
     4000.0, &dsi_mfcc_tensorflow},
    {DSINFER_FAMILY_DS06, "ds06", 16000, 512, 320, 1, 1.0f / 32768.0f, 0.0f, false, 40, 20.0,
     4000.0, &dsi_mfcc_tensorflow},
    {DSINFER_FAMILY_DS07, "ds07", 16000, 512, 320, 1, 1.0f / 32768.0f, 0.0f, false, 40, 20.0,
     8000.0, &dsi_mfcc_tensorflow},
    {DSINFER_FAMILY_DS07, "ds07", 8000, 256, 160, 1, 1.0f / 32768.0f, 0.0f, false, 40, 20.0, 4000.0,
     &dsi_mfcc_tensorflow},
    {DSINFER_FAMILY_DS01, "ds01", 16000, 400, 160, 2, 1.0f, 0.97f, false, 26, 0.0, 8000.0,
     &dsi_mfcc_speech, true},
};

enum dsinfer_status dsi_frontend_find_params(enum dsinfer_family family, uint32_t sample_rate,
                                             const struct dsi_frontend_params **out,
                                             struct dsinfer_error *err) {
    const struct dsi_frontend_params *other = NULL;
    size_t i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].family != family) {
            continue;
        }
        if (table[i].sample_rate == sample_rate) {
            *out = &table[i];
            return DSINFER_OK;
        }
        other = &table[i];
    }
    if (!other) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "there is no family number %d", (int)family);
    }
    return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                    "the front end of family %s works at %u Hz, not at %u Hz", other->name,
                    (unsigned)other->sample_rate, (unsigned)sample_rate);
}
