/* Tile registers of AMX. Seven hold sums or rows of A, some rows of 64 bytes each; the last one
 * holds 16 lines of a panel of B (panels.h). The compilers' own names for the instructions do not
 * say that memory is read. SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_X86_AMX_TILE_H
#define DSI_KERNELS_X86_AMX_TILE_H

#include "runtime/kernels/kernels.h"

#include <stdint.h>
#include <string.h>

#define AMX_MAX_ROWS ((size_t)16)
#define AMX_LINES ((size_t)16)
#define AMX_LINE ((size_t)DSI_PACK_COLUMNS * 4) /* bytes */

#define AMX_B "%%tmm7"

#define AMX_LOAD(to, at, stride)                                                                   \
    __asm__ volatile("tileloadd (%0,%1,1), " to : : "r"(at), "r"(stride) : "memory")
#define AMX_STORE(from, at)                                                                        \
    __asm__ volatile("tilestored " from ", (%0,%1,1)" : : "r"(at), "r"(AMX_LINE) : "memory")

/* Sums += a · AMX_B: four bytes of each to a sum, a unsigned; or two of bfloat16. */
#define AMX_ADD_BYTES(sums, a) __asm__ volatile("tdpbusd " AMX_B ", " a ", " sums : :)
#define AMX_ADD_BF16(sums, a) __asm__ volatile("tdpbf16ps " AMX_B ", " a ", " sums : :)

/* What ldtilecfg reads: bytes of a row and rows, for every tile register. */
struct amx_config {
    uint8_t palette, start_row, unused[14];
    uint16_t row_sizes[16];
    uint8_t n_rows[16];
};

/* Rows of all registers but AMX_B. Makes all of them zero. */
static inline void amx_configure(size_t n_rows) {
    struct amx_config config = {.palette = 1};
    size_t i;

    for (i = 0; i < 8; i++) {
        config.row_sizes[i] = AMX_LINE;
        config.n_rows[i] = (uint8_t)(i < 7 ? n_rows : AMX_LINES);
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
}

/* To be called when done, so that the system need not save the registers any more. */
static inline void amx_release(void) {
    __asm__ volatile("tilerelease");
}

/* The lines of a panel of `n_lines` from `line` on, behind the last one zeros. */
static inline const void *amx_get_lines(const void *panel, size_t n_lines, size_t line,
                                        int8_t padded[AMX_LINES * AMX_LINE]) {
    const int8_t *from = (const int8_t *)panel + line * AMX_LINE;
    const size_t rest = n_lines - line;

    if (rest >= AMX_LINES) {
        return from;
    }
    memcpy(padded, from, rest * AMX_LINE);
    memset(padded + rest * AMX_LINE, 0, (AMX_LINES - rest) * AMX_LINE);
    return padded;
}

#endif
