// What happens between a layer's matrix product and the next, row by row: an activation other than ReLU, LayerNorm.
#pragma once
#include <cmath>
#include "activations.h"

namespace native {

enum class Norm : int64_t { none, before, after };  // LayerNorm before or after the activation
constexpr float NORM_EPSILON = 1e-5f;

struct Normalisation {  // of rows: h = gain * (v - mean) / deviation + shift
    Norm place;
    const float *gain, *shift;             // null: 1 and 0
    float *gain_gradient, *shift_gradient;  // added to; null: not wanted
};

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

inline void normalise(const Normalisation& norm, const float* v, float* h, long width) {
    Moments m = moments(v, width);
#pragma omp simd
    for (long i = 0; i < width; i++) h[i] = (v[i] - m.mean) * m.scale;
    if (norm.gain)
#pragma omp simd
        for (long i = 0; i < width; i++) h[i] = norm.gain[i] * h[i] + norm.shift[i];
}

// Turns d, the gradient with respect to h, into that with respect to v.
inline void differentiate(const Normalisation& norm, const float* v, Moments m, float* d, long width) {
    if (norm.gain_gradient)
#pragma omp simd
        for (long i = 0; i < width; i++) {
            norm.gain_gradient[i] += d[i] * ((v[i] - m.mean) * m.scale);
            norm.shift_gradient[i] += d[i];
        }
    if (norm.gain)
#pragma omp simd
        for (long i = 0; i < width; i++) d[i] *= norm.gain[i];
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
template <Activation KIND>
void activate_rows(const Normalisation& norm, const float* z, float* h, long step, long rows, long width) {
    for (long r = 0; r < rows; r++, z += step, h += step) {
        if (norm.place == Norm::before) normalise(norm, z, h, width);
        const float* from = norm.place == Norm::before ? h : z;
#pragma omp simd
        for (long i = 0; i < width; i++) h[i] = activate<KIND>(from[i]);
        if (norm.place == Norm::after) normalise(norm, h, h, width);
    }
}

// Turns d, the gradient with respect to h, into that with respect to z; `spare` holds one row.
template <Activation KIND>
void differentiate_rows(const Normalisation& norm, const float* z, float* d, float* spare, long step, long rows,
                        long width) {
    for (long r = 0; r < rows; r++, z += step, d += step) {
        if (norm.place == Norm::after) {
#pragma omp simd
            for (long i = 0; i < width; i++) spare[i] = activate<KIND>(z[i]);
            differentiate(norm, spare, moments(spare, width), d, width);
        }
        if (norm.place == Norm::before) normalise(norm, z, spare, width);
        const float* at = norm.place == Norm::before ? spare : z;
#pragma omp simd
        for (long i = 0; i < width; i++) d[i] *= slope<KIND>(at[i]);
        if (norm.place == Norm::before) differentiate(norm, z, moments(z, width), d, width);
    }
}

template <class... Arguments>
void activate_rows(Activation kind, const Arguments&... arguments) {
    switch (kind) {
        case Activation::none: return activate_rows<Activation::none>(arguments...);
        case Activation::relu: return activate_rows<Activation::relu>(arguments...);
        case Activation::tanh: return activate_rows<Activation::tanh>(arguments...);
        case Activation::gelu: return activate_rows<Activation::gelu>(arguments...);
    }
}

template <class... Arguments>
void differentiate_rows(Activation kind, const Arguments&... arguments) {
    switch (kind) {
        case Activation::none: return differentiate_rows<Activation::none>(arguments...);
        case Activation::relu: return differentiate_rows<Activation::relu>(arguments...);
        case Activation::tanh: return differentiate_rows<Activation::tanh>(arguments...);
        case Activation::gelu: return differentiate_rows<Activation::gelu>(arguments...);
    }
}

}  // namespace native
