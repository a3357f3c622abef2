// What Python calls. Shapes, types and contiguity have been checked there; nothing here allocates, throws or prints.
#include <cstdint>
#include "adam.h"
#include "backward.h"
#include "forward.h"
#include "regression.h"

using namespace native;

extern "C" {

// Floats of scratch memory, and of what the forward pass of a network keeps.
int64_t scratch_size(const Perceptrons* networks) { return networks->scratch_size(); }
int64_t kept_size(const Perceptrons* networks, int64_t rows) {
    return networks->kept_size(rows, networks->num_layers - 1);
}
int64_t lanes() { return LANES; }

// Of the members from `first` on. inputs: the numbers of a row are contiguous. kept [seed, member, kept_size] or null;
// outputs [seed, member, row, output].
void perceptrons_forward(const Perceptrons* networks, int64_t num_seeds, int64_t first, int64_t num_members,
                         int64_t rows, const float* parameters, const float* inputs, int64_t seed_step,
                         int64_t member_step, int64_t row_step, float* kept, float* outputs) {
    const long size = kept_size(networks, rows);
    for (long seed = 0, at = 0; seed < num_seeds; seed++)
        for (long member = 0; member < num_members; member++, at++)
            forward(*networks, seed * networks->num_members + first + member, parameters,
                    inputs + seed * seed_step + member * member_step, row_step, rows, kept ? kept + at * size : nullptr,
                    outputs + at * rows * networks->last().outputs);
}

// slopes: gradient of the outputs, with its four strides. gradient: of all parameters; input_gradient [seed, member, row,
// input]; each may be null.
void perceptrons_backward(const Perceptrons* networks, int64_t num_seeds, int64_t first, int64_t num_members,
                          int64_t rows, const float* parameters, const float* inputs, int64_t seed_step,
                          int64_t member_step, int64_t row_step, const float* kept, const float* slopes,
                          const int64_t* strides, float* gradient, float* input_gradient) {
    const long size = kept_size(networks, rows);
    for (long seed = 0, at = 0; seed < num_seeds; seed++)
        for (long member = 0; member < num_members; member++, at++)
            backward(*networks, seed * networks->num_members + first + member, parameters,
                     inputs + seed * seed_step + member * member_step, row_step, rows, kept + at * size,
                     {slopes + seed * strides[0] + member * strides[1], strides[2], strides[3], gradient,
                      input_gradient ? input_gradient + at * rows * networks->layers[0].inputs : nullptr});
}

// The gradient of squared errors by all parameters, one network after the other: what the forward pass of one keeps is
// still in the cache when the backward pass needs it. errors [seed, member, row, column]; kept: of one network; spare
// [row, output].
void perceptrons_regress(const Perceptrons* networks, int64_t num_seeds, int64_t rows, const float* parameters,
                         const float* inputs, int64_t seed_step, int64_t member_step, int64_t row_step,
                         const Regression* regression, float* kept, float* spare, float* errors, float* gradient) {
    const long outputs = networks->last().outputs, columns = regression->weights.data ? 1 : outputs;
    for (long seed = 0, at = 0; seed < num_seeds; seed++)
        for (long member = 0; member < networks->num_members; member++, at++) {
            const float* from = inputs + seed * seed_step + member * member_step;
            forward(*networks, at, parameters, from, row_step, rows, kept, spare);
            differentiate_error(*regression, seed, member, rows, outputs, errors + at * rows * columns, spare);
            backward(*networks, at, parameters, from, row_step, rows, kept, {spare, outputs, 1, gradient, nullptr});
        }
}

// One step; `step` counts the steps made and is increased.
void adam_step(const Adam* settings, const float* rate, float* step, const Seeds* seeds, float* parameters,
               const float* gradient, float* mean, float* square) {
    adam(*settings, *rate, *step, *seeds, parameters, gradient, mean, square);
    *step += 1;
}

// taken [count, width] = the rows of matrix [num_rows, width] at `index`. Returns -1, or the first position of `index`
// that lies outside.
int64_t gather_rows(const float* matrix, int64_t num_rows, int64_t width, const int64_t* index, int64_t count,
                    float* taken) {
    constexpr int64_t AHEAD = 16;  // rows lie anywhere in memory: they are asked for before they are needed
    for (int64_t i = 0; i < count; i++)
        if (index[i] < 0 || index[i] >= num_rows) return i;
    for (int64_t i = 0; i < count; i++) {
        if (i + AHEAD < count) {
            const char* row = reinterpret_cast<const char*>(matrix + index[i + AHEAD] * width);
            for (int64_t byte = 0; byte < width * 4; byte += 64) __builtin_prefetch(row + byte);
        }
        std::memcpy(taken + i * width, matrix + index[i] * width, width * sizeof(float));
    }
    return -1;
}
}
