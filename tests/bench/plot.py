#!/usr/bin/env python3
"""Pictures of what `dsinfer bench --json` says, and a table of it in Markdown.

    tests/bench/plot.py --roofline roofline.svg --latency latency.svg RESULT.json...

The roofline has a point for each result: multiply-adds a second over multiply-adds a byte of
weights, below what the machine reads and multiplies at most in the same run. The other picture is
the histogram of latencies of the last result.

SPDX-License-Identifier: BSD-2-Clause
"""
import argparse
import json
import math
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 60, 20, 20, 45

# Grey that is seen on white and on black; a colour for what was measured.
HEAD = '''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"
font-family="sans-serif" font-size="12">
<style>text{fill:#808080} .axis{stroke:#808080} .grid{stroke:#808080;stroke-opacity:.25}
.roof{stroke:#d9822b;fill:none;stroke-width:2} .point,.bar{fill:#3b82c4}</style>
''' % (WIDTH, HEIGHT)


class Axes:
    """Places of values in the picture; logarithmic where asked for."""

    def __init__(self, x, y, is_log):
        self.x, self.y, self.is_log = x, y, is_log
        self.parts = [HEAD]

    def place(self, value, ends, length):
        if self.is_log:
            value, ends = math.log(value), [math.log(end) for end in ends]
        return (value - ends[0]) / (ends[1] - ends[0]) * length

    def at(self, x, y):
        return (LEFT + self.place(x, self.x, WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - self.place(y, self.y, HEIGHT - TOP - BOTTOM))

    def text(self, x, y, text, anchor='middle'):
        self.parts.append('<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>\n'
                          % (x, y, anchor, text))

    def line(self, kind, *points):
        self.parts.append('<polyline class="%s" points="%s"/>\n' % (
            kind, ' '.join('%.1f,%.1f' % self.at(*point) for point in points)))

    def frame(self, x_ticks, y_ticks, x_title, y_title):
        for x in x_ticks:
            self.line('grid', (x, self.y[0]), (x, self.y[1]))
            self.text(self.at(x, self.y[0])[0], HEIGHT - BOTTOM + 16, '%g' % x)
        for y in y_ticks:
            self.line('grid', (self.x[0], y), (self.x[1], y))
            self.text(LEFT - 6, self.at(self.x[0], y)[1] + 4, '%g' % y, 'end')
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_title)
        self.text(LEFT, TOP - 6, y_title, 'start')

    def write(self, path):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(''.join(self.parts) + '</svg>\n')


def name_of(result):
    return '%s, %d frames%s' % (result['precision'], result['steps'],
                                ', %d threads' % result['threads'] if result['threads'] > 1 else '')


def powers(low, high):
    return [2.0 ** i for i in range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)]


def draw_roofline(results, path):
    read = max(result['roof']['read_gb_s'] for result in results)
    peak = max(result['roof']['fma_gflop_s'] for result in results)
    points = [(result['roof']['gflop_s'] / result['roof']['bytes_gb_s'],
               result['roof']['gflop_s'], name_of(result)) for result in results]
    x = (min([0.5] + [point[0] / 2 for point in points]),
         max([2 * peak / read] + [point[0] * 4 for point in points]))
    y = (min([read * x[0]] + [point[1] / 2 for point in points]),
         1.5 * max([peak] + [point[1] for point in points]))
    axes = Axes(x, y, True)
    axes.frame(powers(*x), powers(*y), 'floating-point operations a byte of weights', 'GFLOP/s')
    axes.line('roof', (max(x[0], y[0] / read), max(y[0], read * x[0])), (peak / read, peak),
              (x[1], peak))
    axes.text(axes.at(x[1], peak)[0], axes.at(x[1], peak)[1] - 6,
              'multiply-adds: %.0f GFLOP/s' % peak, 'end')
    axes.text(axes.at(x[0], y[0])[0] + 8, axes.at(x[0], y[1])[1] + 14,
              'memory: %.1f GB/s' % read, 'start')
    for at_x, at_y, name in points:
        px, py = axes.at(at_x, at_y)
        axes.parts.append('<circle class="point" cx="%.1f" cy="%.1f" r="4"/>\n' % (px, py))
        axes.text(px + 8, py + 4, name, 'start')
    axes.write(path)


def draw_latency(result, path):
    histogram = result['latency_ms']['histogram']
    counts, low, high = histogram['counts'], histogram['from'], histogram['to']
    high = high if high > low else low + 1.0
    axes = Axes((low, high), (0, max(counts)), False)
    title = 'ms from the samples of a chunk to its text (%s, %d stream%s); p50 %.1f, p99 %.1f' % (
        name_of(result), result['streams'], 's' if result['streams'] > 1 else '',
        result['latency_ms']['p50'], result['latency_ms']['p99'])
    axes.frame([float('%.3g' % (low + (high - low) * i / 4)) for i in range(5)], [0, max(counts)],
               title, 'chunks')
    for i, count in enumerate(counts):
        left, top = axes.at(low + (high - low) * i / len(counts), count)
        right, bottom = axes.at(low + (high - low) * (i + 1) / len(counts), 0)
        axes.parts.append('<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>\n'
                          % (left + 1, top, right - left - 2, bottom - top))
    axes.write(path)


def print_table(results):
    print('| what | chunk ms, p50 | GB/s of weights, of those read | GFLOP/s, of multiply-adds '
          '| real-time factor | latency ms, p50, p99 | final text ms, p50, p99 |')
    print('|---|---|---|---|---|---|---|')
    for result in results:
        roof = result['roof']
        print('| %s, %d stream%s | %.2f | %.1f, %.0f %% | %.1f, %.0f %% | %.4f | %.1f, %.1f '
              '| %.1f, %.1f |' % (
                  name_of(result), result['streams'], 's' if result['streams'] > 1 else '',
                  result['chunk_ms']['p50'], roof['bytes_gb_s'],
                  100 * roof['bytes_gb_s'] / roof['read_gb_s'], roof['gflop_s'],
                  100 * roof['gflop_s'] / roof['fma_gflop_s'], result['rtf'],
                  result['latency_ms']['p50'], result['latency_ms']['p99'],
                  result['finish_ms']['p50'], result['finish_ms']['p99']))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--roofline')
    parser.add_argument('--latency')
    parser.add_argument('results', nargs='+')
    arguments = parser.parse_args()
    results = []
    for path in arguments.results:
        with open(path, encoding='utf-8') as file:
            results.append(json.load(file))
    if arguments.roofline:
        draw_roofline(results, arguments.roofline)
    if arguments.latency:
        draw_latency(results[-1], arguments.latency)
    print_table(results)
    return 0


if __name__ == '__main__':
    sys.exit(main())
