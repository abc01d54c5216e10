/* Error lines on stderr.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/errors.h"
#include "bin/characters.h"
#include "bin/messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[] = {
    [CLI_MALFORMED] = "malformed file",
    [CLI_UNSUPPORTED] = "unsupported",
    [CLI_RESOURCES] = "resources",
    [CLI_IO] = "I/O",
    [CLI_USAGE] = "usage",
    [CLI_AUDIO] = "audio",
};

static void fail_va(struct cli_error *error, enum cli_class class, const char *format,
                    va_list arguments) {
    error->class = class;
    error->is_runtime = false;
    if (vsnprintf(error->message, sizeof(error->message), format, arguments) < 0) {
        error->message[0] = '\0';
    }
}

bool cli_fail(struct cli_error *error, enum cli_class class, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    fail_va(error, class, format, arguments);
    va_end(arguments);
    return false;
}

bool cli_fail_errno(struct cli_error *error, const char *what) {
    return cli_fail(error, CLI_IO, "%s: %s", what, strerror(errno));
}

static enum cli_class class_of(enum dsinfer_status status) {
    switch (-(int)status / 100) {
    case 1:
        return CLI_USAGE;
    case 3:
        return CLI_IO;
    case 4:
        return CLI_MALFORMED;
    case 5:
        return CLI_UNSUPPORTED;
    default:
        return CLI_RESOURCES;
    }
}

bool cli_fail_library(struct cli_error *error, enum dsinfer_status status,
                      const struct dsinfer_error *from) {
    const bool has_sentence = from && from->status == status && from->message[0];

    cli_fail(error, class_of(status), "%s",
             has_sentence ? from->message : dsinfer_status_text(status));
    error->is_runtime = status == DSINFER_ERR_NO_MEMORY || status == DSINFER_ERR_INTERNAL ||
                        status == DSINFER_ERR_STATE;
    return false;
}

/* Does it speak to the terminal, end the line, or turn the direction of the text around? */
static bool is_control(const unsigned char *text, size_t length) {
    switch (length) {
    case 1:
        return text[0] < 0x20 || (text[0] >= 0x7f && text[0] < 0xa0);
    case 2: /* U+0080 to U+009F */
        return text[0] == 0xc2 && text[1] < 0xa0;
    case 3: /* U+2028 to U+202E, U+2066 to U+2069 */
        return text[0] == 0xe2 && ((text[1] == 0x80 && text[2] >= 0xa8 && text[2] <= 0xae) ||
                                   (text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9));
    default:
        return false;
    }
}

size_t cli_print(FILE *file, const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    size_t n_printed = 0;

    while (*p) {
        const size_t size = cli_character_size((const char *)p);
        const size_t length = size ? size : 1;
        const bool is_safe = !is_control(p, length);

        fwrite(is_safe ? (const char *)p : "?", 1, is_safe ? length : 1, file);
        n_printed += is_safe ? length : 1;
        p += length;
    }
    return n_printed;
}

static void print_line(const char *name, const char *class, const char *sentence) {
    FILE *file = cli_messages();

    flockfile(file); /* other threads write lines, too */
    fputs("dsinfer: ", file);
    cli_print(file, name[0] ? name : "''");
    fputs(": ", file);
    if (class) {
        fprintf(file, "%s: ", class);
    }
    cli_print(file, sentence);
    fputc('\n', file);
    funlockfile(file);
}

void cli_report(const char *name, const struct cli_error *error) {
    print_line(name, class_names[error->class], error->message);
}

int cli_exit_code(const struct cli_error *error, int otherwise) {
    return error->is_runtime ? CLI_EXIT_RUNTIME : otherwise;
}

int cli_report_exit(const char *name, const struct cli_error *error, int otherwise) {
    cli_report(name, error);
    return cli_exit_code(error, otherwise);
}

int cli_usage(const char *name, const char *format, ...) {
    struct cli_error error;
    va_list arguments;

    va_start(arguments, format);
    fail_va(&error, CLI_USAGE, format, arguments);
    va_end(arguments);
    cli_report(name, &error);
    return CLI_EXIT_USAGE;
}

void cli_note(const char *name, const char *sentence) {
    print_line(name, NULL, sentence);
}
