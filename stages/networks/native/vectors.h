// Vectors of floats as wide as the instruction set's registers; the same source for all of them.
#pragma once
#include <cstring>

namespace native {

// LANES: floats in a vector. TILE_ROWS x TILE_VECTORS: sums that fit into registers, see product.h.
#if defined(__AVX512F__)
constexpr long LANES = 16, TILE_VECTORS = 4;
#elif defined(__AVX2__)
constexpr long LANES = 8, TILE_VECTORS = 2;
#else
constexpr long LANES = 4, TILE_VECTORS = 2;
#endif
constexpr long TILE_ROWS = 6;
constexpr long PANEL = LANES * TILE_VECTORS;

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
typedef float Unaligned __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Unaligned*>(to) = value; }

// The first `count` lanes, the others zero: memory beyond a row's end may belong to nobody.
inline Vector load_first(const float* from, long count) {
    if (count >= LANES) return load(from);
    Vector value = {};
    std::memcpy(&value, from, count * sizeof(float));
    return value;
}

inline void store_first(float* to, Vector value, long count) {
    if (count >= LANES) return store(to, value);
    std::memcpy(to, &value, count * sizeof(float));
}

inline float sum(Vector value) {
    typedef float Quarter __attribute__((vector_size(4 * sizeof(float))));
    Quarter parts[LANES / 4];
    std::memcpy(parts, &value, sizeof value);
    for (long i = 1; i < LANES / 4; i++) parts[0] += parts[i];
    return (parts[0][0] + parts[0][1]) + (parts[0][2] + parts[0][3]);
}

inline long round_up(long value, long multiple) { return (value + multiple - 1) / multiple * multiple; }

// Distance between rows of a buffer: whole vectors, so that a row may be read and written to its last lane.
inline long row_stride(long width) { return round_up(width, LANES); }

}  // namespace native
