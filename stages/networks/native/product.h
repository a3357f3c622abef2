// The matrix product under everything: C = A B, finished while it is still in registers.
//
// A tile of C, TILE_ROWS rows by TILE_VECTORS vectors, is summed in registers. A step along the inner dimension loads
// TILE_VECTORS vectors of B and TILE_ROWS numbers of A and does TILE_ROWS * TILE_VECTORS multiply-adds: 24 for 10 loads
// on AVX-512 (24 of 32 registers hold sums), 12 for 8 on AVX2 (12 of 16). That is what keeps the multiply-add units busy.
//
// A is read number by number through two strides, so it may be transposed for nothing: forward A = inputs, in the weights'
// gradient A = inputs transposed. B is read by whole vectors, so its rows must be contiguous: panels of PANEL columns lie
// where they are, or packed one behind the other (`pack`), which also pads widths that are no multiple of a vector.
//
// Every number of C is one sum in the order of the inner dimension, whatever tile it falls into.
#pragma once
#include <algorithm>
#include "vectors.h"

namespace native {

struct Strided {  // element (row, column) is data[row * row_step + column * column_step]
    const float* data;
    long row_step, column_step;
};

struct Panels {  // row k of panel p begins at data + p * panel_step + k * row_step
    const float* data;
    long row_step, panel_step;
};

enum class Finish { store, add, bias, bias_relu, mask };

struct Target {
    float* data;
    long row_step;  // columns up to here may be written
    Finish finish;
    const float* operand = nullptr;  // bias: one per column; mask: keeps C where the operand's entry is not <= 0
    long operand_step = 0;           // mask: between rows
};

// Rows of C from the tile's sums; the last vector may be cut off by the end of the row.
template <int ROWS, int VECTORS, class Change>
inline void write(Vector (&sums)[ROWS][VECTORS], float* to, long row_step, long last, Change change) {
    for (int r = 0; r < ROWS; r++, to += row_step) {
        for (int v = 0; v < VECTORS - 1; v++) store(to + v * LANES, change(sums[r][v], r, v));
        store_first(to + (VECTORS - 1) * LANES, change(sums[r][VECTORS - 1], r, VECTORS - 1), last);
    }
}

template <int ROWS, int VECTORS>
void tile(Strided a, const float* b, long b_step, long inner, const Target& c, long row, long column, long columns) {
    const long left = column + (VECTORS - 1) * LANES;  // of the last vector, which the row's end may cut off
    const long last = std::min(LANES, c.row_step - left);
    Vector bias[VECTORS] = {};
    if (c.finish == Finish::bias || c.finish == Finish::bias_relu)
        for (int v = 0; v < VECTORS; v++) {
            const float* from = c.operand + column + v * LANES;
            bias[v] = v < VECTORS - 1 ? load(from) : load_first(from, std::min(LANES, columns - left));
        }
    Vector sums[ROWS][VECTORS];  // without a condition around them, or the compiler keeps them in memory
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++) sums[r][v] = bias[v];
    const float* from = a.data + row * a.row_step;
    for (long k = 0; k < inner; k++, from += a.column_step, b += b_step) {
        Vector values[VECTORS];
        for (int v = 0; v < VECTORS; v++) values[v] = load(b + v * LANES);
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < VECTORS; v++) sums[r][v] += from[r * a.row_step] * values[v];
    }
    const Vector zero = {};
    float* to = c.data + row * c.row_step + column;
    switch (c.finish) {
        case Finish::store:
        case Finish::bias: return write(sums, to, c.row_step, last, [&](Vector s, int, int) { return s; });
        case Finish::bias_relu:  // as in torch, NaN stays NaN
            return write(sums, to, c.row_step, last, [&](Vector s, int, int) { return s < zero ? zero : s; });
        case Finish::add:
            return write(sums, to, c.row_step, last, [&](Vector s, int r, int v) {
                const float* at = to + r * c.row_step + v * LANES;
                return s + (v < VECTORS - 1 ? load(at) : load_first(at, last));
            });
        case Finish::mask:
            return write(sums, to, c.row_step, last, [&](Vector s, int r, int v) {
                Vector gate = load(c.operand + (row + r) * c.operand_step + column + v * LANES);
                return gate <= zero ? zero : s;
            });
    }
}

// The tile of the given size among all the compiled ones.
template <int ROWS = TILE_ROWS, int VECTORS = TILE_VECTORS, class... Arguments>
inline void tile_of(long rows, long vectors, const Arguments&... arguments) {
    if constexpr (ROWS > 1)
        if (rows < ROWS) return tile_of<ROWS - 1, VECTORS>(rows, vectors, arguments...);
    if constexpr (VECTORS > 1)
        if (vectors < VECTORS) return tile_of<ROWS, VECTORS - 1>(rows, vectors, arguments...);
    tile<ROWS, VECTORS>(arguments...);
}

inline void multiply(Strided a, Panels b, const Target& c, long rows, long inner, long columns) {
    for (long column = 0; column < columns; column += PANEL) {
        const float* panel = b.data + column / PANEL * b.panel_step;
        long vectors = std::min(TILE_VECTORS, round_up(columns - column, LANES) / LANES);
        for (long row = 0; row < rows; row += TILE_ROWS)
            tile_of(std::min(TILE_ROWS, rows - row), vectors, a, panel, b.row_step, inner, c, row, column, columns);
    }
}

// B from its rows where they are. Whole vectors are read: the rows must reach to a multiple of LANES.
inline Panels in_place(const float* rows, long row_step) { return {rows, row_step, PANEL}; }

// Copies of B as panels, padded with zeros to whole ones; `packed` holds packed_size(...) floats.
inline long packed_size(long inner, long columns) { return inner * round_up(columns, PANEL); }

inline Panels pack(const float* rows, long row_step, long inner, long columns, float* packed) {
    for (long first = 0; first < columns; first += PANEL) {
        long width = std::min(PANEL, columns - first);
        for (long k = 0; k < inner; k++) {
            float* to = packed + first * inner + k * PANEL;
            std::copy_n(rows + k * row_step + first, width, to);
            std::fill(to + width, to + PANEL, 0.0f);
        }
    }
    return {packed, PANEL, PANEL * inner};
}

// The same of B transposed: B[k, c] = rows[c * row_step + k]. Blocks of 4 x 4 go through registers.
inline Panels pack_transposed(const float* rows, long row_step, long inner, long columns, float* packed) {
    constexpr long BLOCK = 4;
    if (columns % PANEL) std::fill_n(packed + columns / PANEL * PANEL * inner, inner * PANEL, 0.0f);
    for (long c = 0; c < columns; c += BLOCK)
        for (long k = 0; k < inner; k += BLOCK) {
            const float* from = rows + c * row_step + k;
            float* to = packed + c / PANEL * PANEL * inner + k * PANEL + c % PANEL;
            float block[BLOCK][BLOCK];
            if (c + BLOCK <= columns && k + BLOCK <= inner) {
                for (long i = 0; i < BLOCK; i++)
                    for (long j = 0; j < BLOCK; j++) block[j][i] = from[i * row_step + j];
                for (long j = 0; j < BLOCK; j++)
                    for (long i = 0; i < BLOCK; i++) to[j * PANEL + i] = block[j][i];
            } else {
                for (long i = 0; i < std::min(BLOCK, columns - c); i++)
                    for (long j = 0; j < std::min(BLOCK, inner - k); j++) to[j * PANEL + i] = from[i * row_step + j];
            }
        }
    return {packed, PANEL, PANEL * inner};
}

}  // namespace native
