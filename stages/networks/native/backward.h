// From the gradient of outputs to that of parameters and inputs, one network at a time.
#pragma once
#include "layout.h"

namespace native {

struct Gradients {         // of one network; null: not wanted
    const float* outputs;  // strided in both ways, since torch hands over a sum's gradient as repetitions
    long row_step, column_step;
    float* parameters;     // made here, in the parameters' layout
    float* inputs;         // made here [rows, inputs]
};

// The gradient of a layer's weights and biases, from its inputs x and the gradient d of its sums, both of `rows` rows.
// Fewer outputs than a vector has lanes would waste the others: then the product is made transposed, into `spare`.
inline void parameter_gradient(const Layer& layer, long network, Strided x, bool x_reaches_lanes, const float* d,
                               long rows, Finish finish, float* gradient, float* spare) {
    static const float one = 1;
    const long step = row_stride(layer.outputs), spare_step = row_stride(layer.inputs);
    float* weight = gradient + layer.weight_of(network);
    if (layer.outputs < LANES && x_reaches_lanes) {
        multiply({d, 1, step}, in_place(x.data, x.row_step), {spare, spare_step, Finish::store}, layer.outputs, rows,
                 layer.inputs);
        for (long i = 0; i < layer.inputs; i++)
            for (long o = 0; o < layer.outputs; o++, weight++)
                *weight = spare[o * spare_step + i] + (finish == Finish::add ? *weight : 0);
    } else {
        multiply({x.data, 1, x.row_step}, in_place(d, step), {weight, layer.outputs, finish}, layer.inputs, rows,
                 layer.outputs);
    }
    multiply({&one, 0, 0}, in_place(d, step), {gradient + layer.bias_of(network), layer.outputs, finish}, 1, rows,
             layer.outputs);
}

inline void copy_padded(const float* from, long row_step, long column_step, long rows, long width, float* to) {
    const long step = row_stride(width);
    std::fill_n(to, rows * step, 0.0f);
    for (long r = 0; r < rows; r++)
        for (long c = 0; c < width; c++) to[r * step + c] = from[r * row_step + c * column_step];
}

// What the forward pass left of `count` rows from `first` on of a hidden layer.
struct Hidden {
    const float *z, *h;
    long step;
    Hidden(const Perceptrons& networks, long l, const float* kept, long rows, long first) {
        step = row_stride(networks.layers[l].outputs);
        z = kept + networks.kept_size(rows, l) + first * step;
        h = z + networks.layers[l].activations_at(rows);
    }
};

// Turns d, the gradient of the next layer's sums, into `below`, that of this hidden layer's sums.
inline void through(const Layer& layer, const Layer& next, Panels transposed, const Hidden& hidden, const float* d,
                    long rows, float* below, float* spare) {
    const bool relu = layer.plain() && layer.activation == Activation::relu;
    multiply({d, row_stride(next.outputs), 1}, transposed,
             {below, hidden.step, relu ? Finish::mask : Finish::store, hidden.h, hidden.step}, rows, next.outputs,
             layer.outputs);
    if (!relu)
        differentiate_rows(layer.activation, layer.norm, hidden.z, below, spare, hidden.step, rows, layer.outputs);
}

// kept: as `forward` left it.
inline void backward(const Perceptrons& networks, long network, const float* parameters, const float* inputs,
                     long input_step, long rows, const float* kept, const Gradients& gradients) {
    Panels transposed[MAX_LAYERS];
    float* scratch = networks.scratch;
    for (long l = gradients.inputs ? 0 : 1; l < networks.num_layers; l++) {
        const Layer& layer = networks.layers[l];
        transposed[l] = pack_transposed(parameters + layer.weight_of(network), layer.outputs, layer.outputs,
                                        layer.inputs, scratch);
        scratch += packed_size(layer.outputs, layer.inputs);
    }
    float *d = scratch, *below = d + networks.longest_row() * BLOCK_ROWS;
    float* spare = below + networks.longest_row() * BLOCK_ROWS;
    for (long first = 0; first < rows; first += BLOCK_ROWS) {
        const long count = std::min(BLOCK_ROWS, rows - first);
        const Finish finish = first ? Finish::add : Finish::store;
        const Layer &last = networks.last(), &bottom = networks.layers[0];
        copy_padded(gradients.outputs + first * gradients.row_step, gradients.row_step, gradients.column_step, count,
                    last.outputs, d);
        for (long l = networks.num_layers - 1; l > 0; l--) {
            const Layer& layer = networks.layers[l];
            const Hidden hidden(networks, l - 1, kept, rows, first);
            if (gradients.parameters)
                parameter_gradient(layer, network, {hidden.h, hidden.step, 1}, true, d, count, finish,
                                   gradients.parameters, spare);
            through(networks.layers[l - 1], layer, transposed[l], hidden, d, count, below, spare);
            std::swap(d, below);
        }
        if (gradients.parameters)
            parameter_gradient(bottom, network, {inputs + first * input_step, input_step, 1}, false, d, count, finish,
                               gradients.parameters, spare);
        if (gradients.inputs)
            multiply({d, row_stride(bottom.outputs), 1}, transposed[0],
                     {gradients.inputs + first * bottom.inputs, bottom.inputs, Finish::store}, count, bottom.outputs,
                     bottom.inputs);
    }
}

}  // namespace native
