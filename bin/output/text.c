/* Plain text: a line for each input.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/output.h"

static void write_result(struct cli_output *output, const char *input,
                         const struct dsinfer_transcript *transcript) {
    (void)input;
    cli_print(output->writer.file, transcript->text); /* labels may be any characters */
    fputc('\n', output->writer.file);
}

const struct cli_format cli_format_text = {"text", NULL, NULL, write_result, NULL};
