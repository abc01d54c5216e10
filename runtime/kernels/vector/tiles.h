/* Loops over the rows and panels of a tile must become straight code, or its sums are no registers.
 * GCC has to be told; Clang sees it, and is misled by a count above the loop's own.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_VECTOR_TILES_H
#define DSI_KERNELS_VECTOR_TILES_H

#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
