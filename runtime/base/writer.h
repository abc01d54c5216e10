/* Writing what a reader (reader.h) takes: little-endian numbers, into memory of a fixed size.
 * A writer without room goes on counting, so that the same code tells the size that is needed.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_WRITER_H
#define DSI_BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dsi_writer {
    uint8_t *data; /* borrowed, [capacity]; NULL where capacity is 0 */
    size_t capacity;
    size_t size; /* bytes put, also those that found no room */
};

void dsi_writer_init(struct dsi_writer *writer, void *data, size_t capacity);
bool dsi_writer_has_all(const struct dsi_writer *writer); /* all found room */

void dsi_writer_put_bytes(struct dsi_writer *writer, const void *bytes, size_t size);
void dsi_writer_put_u8(struct dsi_writer *writer, uint8_t value);
void dsi_writer_put_u32(struct dsi_writer *writer, uint32_t value);
void dsi_writer_put_u64(struct dsi_writer *writer, uint64_t value);
void dsi_writer_put_number(struct dsi_writer *writer, uint64_t value); /* protobuf's varint */
void dsi_writer_put_float(struct dsi_writer *writer, float value);
void dsi_writer_put_floats(struct dsi_writer *writer, const float *values, size_t n);
void dsi_writer_put_double(struct dsi_writer *writer, double value);

#endif
