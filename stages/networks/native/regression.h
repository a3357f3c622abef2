// Errors of a network's outputs and the gradient of their mean square by the outputs.
#pragma once
#include <cstdint>

namespace native {

struct Values {  // [seed, member, row, column], strided; 0 steps repeat
    const float* data;
    int64_t seed_step, member_step, row_step, column_step;

    const float* of(long seed, long member) const { return data + seed * seed_step + member * member_step; }
};

struct Regression {
    Values target;
    Values weights;  // the sum of a row's outputs with them is compared with the target; null: every output
    double slope;    // of the mean square, per unit of error
};

// Turns `outputs` [row, output] into the gradient by them; errors [row, output], with weights [row].
inline void differentiate_error(const Regression& regression, long seed, long member, long rows, long width,
                                float* errors, float* outputs) {
    const Values &target = regression.target, &weights = regression.weights;
    const float slope = regression.slope, *goal = target.of(seed, member);
    if (!weights.data) {
        for (long r = 0; r < rows; r++, goal += target.row_step)
            for (long o = 0; o < width; o++, errors++, outputs++) {
                *errors = *outputs - goal[o * target.column_step];
                *outputs = *errors * slope;
            }
        return;
    }
    const float* weight = weights.of(seed, member);
    for (long r = 0; r < rows; r++, goal += target.row_step, weight += weights.row_step, outputs += width) {
        float value = 0;
        for (long o = 0; o < width; o++) value += outputs[o] *= weight[o * weights.column_step];  // rounded, as by torch
        errors[r] = value - *goal;
        for (long o = 0; o < width; o++) outputs[o] = errors[r] * slope * weight[o * weights.column_step];
    }
}

}  // namespace native
