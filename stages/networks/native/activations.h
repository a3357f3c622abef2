// Activation functions and their slopes: plain arithmetic on single numbers, without calls to libraries, so that the
// compiler makes vectors of the loops around them. Each passes NaN on, as torch does.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace native {

enum class Activation : int64_t { none, relu, tanh, gelu };

inline float limited(float x, float bound) { return x < -bound ? -bound : x > bound ? bound : x; }

// Highest power first.
template <class... Coefficients>
inline float polynomial(float x, float first, Coefficients... rest) {
    ((first = first * x + rest), ...);
    return first;
}

// Rational approximations with Eigen's coefficients, right to 4e-7.
inline float tanh_of(float x) {
    x = limited(x, 7.90531110763549805f);
    float s = x * x;
    float p = polynomial(s, -2.76076847742355e-16f, 2.00018790482477e-13f, -8.60467152213735e-11f,
                         5.12229709037114e-08f, 1.48572235717979e-05f, 6.37261928875436e-04f, 4.89352455891786e-03f);
    float q = polynomial(s, 1.19825839466702e-06f, 1.18534705686654e-04f, 2.26843463243900e-03f, 4.89352518554385e-03f);
    return x * p / q;
}

inline float erf_of(float x) {
    x = limited(x, 4.0f);
    float s = x * x;
    float p = polynomial(s, -2.72614225801306e-10f, 2.77068142495902e-08f, -2.10102402082508e-06f,
                         -5.69250639462346e-05f, -7.34990630326855e-04f, -2.95459980854025e-03f, -1.60960333262415e-02f);
    float q = polynomial(s, -1.45660718464996e-05f, -2.13374055278905e-04f, -1.68282697438203e-03f,
                         -7.37332916720468e-03f, -1.42647390514189e-02f);
    return x * p / q;
}

// exp(x) for x <= 0: 2^n times a polynomial over half an octave (Cephes); adding 1.5 * 2^23 rounds to whole n.
inline float exp_of(float x) {
    constexpr float ROUND = 12582912.0f;
    x = x < -87.0f ? -87.0f : x;
    float shifted = x * 1.44269504f + ROUND;
    float n = shifted - ROUND, r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = polynomial(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                         5.0000001201e-1f, 1.0f, 1.0f);
    uint32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000;  // the lowest bits of `shifted` count n; here they become an exponent
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return p * power;
}

constexpr float SQRT_HALF = 0.707106781f, INVERSE_SQRT_TWO_PI = 0.398942280f;

template <Activation KIND>
inline float activate(float z) {
    if constexpr (KIND == Activation::relu) return z < 0 ? 0 : z;
    if constexpr (KIND == Activation::tanh) return tanh_of(z);
    if constexpr (KIND == Activation::gelu) return 0.5f * z * (1 + erf_of(z * SQRT_HALF));
    return z;
}

// The derivative of `activate`.
template <Activation KIND>
inline float slope(float z) {
    if constexpr (KIND == Activation::relu) return z <= 0 ? 0 : 1;
    if constexpr (KIND == Activation::tanh) return 1 - tanh_of(z) * tanh_of(z);
    if constexpr (KIND == Activation::gelu)
        return 0.5f * (1 + erf_of(z * SQRT_HALF)) + z * INVERSE_SQRT_TWO_PI * exp_of(-0.5f * z * z);
    return 1;
}

// Calls `visit` with the kind as a constant, which the templates above need.
template <class Visit>
inline void of_kind(Activation kind, Visit visit) {
    switch (kind) {
        case Activation::none: return visit(std::integral_constant<Activation, Activation::none>());
        case Activation::relu: return visit(std::integral_constant<Activation, Activation::relu>());
        case Activation::tanh: return visit(std::integral_constant<Activation, Activation::tanh>());
        case Activation::gelu: return visit(std::integral_constant<Activation, Activation::gelu>());
    }
}

}  // namespace native
