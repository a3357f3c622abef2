// Adam in one pass over flat vectors: the gradient clipped seed by seed, moments, parameters.
#pragma once
#include <cmath>
#include <cstdint>

namespace native {

struct Adam {
    double beta1, beta2, epsilon;
    double weight_decay;  // decoupled, in units of the step size
    double clip_norm;     // largest norm of a seed's gradient; infinite: any
    double clip_guard;    // added to the norm that is divided by
};

struct Seeds {  // block b holds sizes[b] numbers of each seed, seed after seed
    long num_seeds, num_blocks;
    const int64_t* sizes;

    template <class Visit>
    void pieces(long seed, Visit visit) const {
        for (long b = 0, start = 0; b < num_blocks; start += num_seeds * sizes[b], b++)
            visit(start + seed * sizes[b], sizes[b]);
    }
};

inline double norm(const Seeds& seeds, long seed, const float* values) {
    double squares = 0;
    seeds.pieces(seed, [&](long start, long count) {
#pragma omp simd reduction(+ : squares)
        for (long i = start; i < start + count; i++) squares += double(values[i]) * values[i];
    });
    return std::sqrt(squares);
}

// step: number of steps made so far.
inline void adam(const Adam& settings, float rate, float step, const Seeds& seeds, float* parameters,
                 const float* gradient, float* mean, float* square) {
    const double correction1 = 1 - std::pow(settings.beta1, step + 1), correction2 = 1 - std::pow(settings.beta2, step + 1);
    const float step_size = rate / correction1, inverse_root = 1 / std::sqrt(correction2), epsilon = settings.epsilon;
    const float keep1 = settings.beta1, take1 = 1 - settings.beta1, keep2 = settings.beta2, take2 = 1 - settings.beta2;
    const float keep = 1 - rate * settings.weight_decay;
    for (long seed = 0; seed < seeds.num_seeds; seed++) {
        float scale = 1;
        if (std::isfinite(settings.clip_norm)) {
            double ratio = settings.clip_norm / (norm(seeds, seed, gradient) + settings.clip_guard);
            scale = ratio > 1 ? 1 : ratio;
        }
        seeds.pieces(seed, [&](long start, long count) {
#pragma omp simd
            for (long i = start; i < start + count; i++) {
                const float g = gradient[i] * scale;
                mean[i] = keep1 * mean[i] + take1 * g;
                square[i] = keep2 * square[i] + take2 * g * g;
                parameters[i] = keep * parameters[i] - step_size * mean[i] / (std::sqrt(square[i]) * inverse_root + epsilon);
            }
        });
    }
}

}  // namespace native
