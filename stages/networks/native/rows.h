// What happens between a layer's matrix product and the next, row by row: an activation other than ReLU, LayerNorm.
#pragma once
#include <cmath>
#include "activations.h"

namespace native {

enum class Norm : int64_t { none, before, after };  // LayerNorm before or after the activation
constexpr float NORM_EPSILON = 1e-5f;

struct Moments {
    float mean, scale;  // scale: 1 / sqrt(variance + epsilon)
};

inline Moments moments(const float* v, long width) {
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (long i = 0; i < width; i++) sum += v[i];
    float mean = sum / width;
#pragma omp simd reduction(+ : squares)
    for (long i = 0; i < width; i++) squares += (v[i] - mean) * (v[i] - mean);
    return {mean, 1 / std::sqrt(squares / width + NORM_EPSILON)};
}

inline void normalise(const float* v, float* h, long width) {
    Moments m = moments(v, width);
#pragma omp simd
    for (long i = 0; i < width; i++) h[i] = (v[i] - m.mean) * m.scale;
}

// Turns d, the gradient with respect to the normalised v, into that with respect to v.
inline void differentiate(const float* v, float* d, long width) {
    Moments m = moments(v, width);
    float sum = 0, along = 0;
#pragma omp simd reduction(+ : sum, along)
    for (long i = 0; i < width; i++) {
        sum += d[i];
        along += d[i] * ((v[i] - m.mean) * m.scale);
    }
#pragma omp simd
    for (long i = 0; i < width; i++) d[i] = m.scale * (d[i] - (sum + (v[i] - m.mean) * m.scale * along) / width);
}

// h from z, the layer's sums.
inline void activate_rows(Activation activation, Norm norm, const float* z, float* h, long step, long rows, long width) {
    of_kind(activation, [=](auto kind) mutable {
        for (long r = 0; r < rows; r++, z += step, h += step) {
            if (norm == Norm::before) normalise(z, h, width);
            const float* from = norm == Norm::before ? h : z;
#pragma omp simd
            for (long i = 0; i < width; i++) h[i] = activate<kind.value>(from[i]);
            if (norm == Norm::after) normalise(h, h, width);
        }
    });
}

// Turns d, the gradient with respect to h, into that with respect to z; `spare` holds one row.
inline void differentiate_rows(Activation activation, Norm norm, const float* z, float* d, float* spare, long step,
                               long rows, long width) {
    of_kind(activation, [=](auto kind) mutable {
        for (long r = 0; r < rows; r++, z += step, d += step) {
            if (norm == Norm::after) {
#pragma omp simd
                for (long i = 0; i < width; i++) spare[i] = activate<kind.value>(z[i]);
                differentiate(spare, d, width);
            }
            if (norm == Norm::before) normalise(z, spare, width);
            const float* at = norm == Norm::before ? spare : z;
#pragma omp simd
            for (long i = 0; i < width; i++) d[i] *= slope<kind.value>(at[i]);
            if (norm == Norm::before) differentiate(z, d, width);
        }
    });
}

}  // namespace native
