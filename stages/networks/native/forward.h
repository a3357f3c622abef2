// From inputs to outputs, one network at a time, so that its numbers do not depend on the networks beside it.
#pragma once
#include "layout.h"

namespace native {

// Rows of weights from this width on would compete for places in the cache: they are packed ...
constexpr long WIDE = 128;
// ... unless too few rows of inputs make use of it.
constexpr long FEW_ROWS = 16;
// At most so many outputs (values) are computed as dot products, where a tile would waste nearly all of its lanes.
constexpr long NARROW = 4;

// transposed: weights [outputs, row_stride(inputs)], padded with zeros.
inline void dot_products(Strided x, const float* transposed, const float* bias, long rows, long inputs, long outputs,
                         float* to) {
    const long step = row_stride(inputs), whole = inputs / LANES * LANES;
    for (long r = 0; r < rows; r++)
        for (long o = 0; o < outputs; o++) {
            const float *row = x.data + r * x.row_step, *weights = transposed + o * step;
            Vector sums = {};
            for (long i = 0; i < whole; i += LANES) sums += load(row + i) * load(weights + i);
            if (whole < inputs) sums += load_first(row + whole, inputs - whole) * load(weights + whole);
            *to++ = sum(sums) + bias[o];
        }
}

// The weights of all layers, packed where that pays; those of a narrow last layer transposed.
inline void pack_weights(const Perceptrons& networks, long network, const float* parameters, long rows,
                         Panels* weights) {
    float* packed = networks.scratch;
    for (long l = 0; l < networks.num_layers; l++) {
        const Layer& layer = networks.layers[l];
        const float* from = parameters + layer.weight_of(network);
        if (&layer == &networks.last() && layer.outputs <= NARROW) {
            const long step = row_stride(layer.inputs);
            weights[l] = {packed, step, 0};
            std::fill_n(packed, layer.outputs * step, 0.0f);
            for (long i = 0; i < layer.inputs; i++)
                for (long o = 0; o < layer.outputs; o++) packed[o * step + i] = *from++;
        } else if (layer.outputs % LANES || (layer.outputs >= WIDE && rows > FEW_ROWS)) {
            weights[l] = pack(from, layer.outputs, layer.inputs, layer.outputs, packed);
            packed += packed_size(layer.inputs, layer.outputs);
        } else {
            weights[l] = in_place(from, layer.outputs);
        }
    }
}

// inputs: numbers of a row are contiguous. kept: room for what all rows leave behind; null: it is forgotten.
inline void forward(const Perceptrons& networks, long network, const float* parameters, const float* inputs,
                    long input_step, long rows, float* kept, float* outputs) {
    Panels weights[MAX_LAYERS];
    pack_weights(networks, network, parameters, rows, weights);
    for (long first = 0; first < rows; first += BLOCK_ROWS) {
        const long count = std::min(BLOCK_ROWS, rows - first);
        const long room = kept ? rows : BLOCK_ROWS, at = kept ? first : 0;
        float* hidden = kept ? kept : networks.scratch + networks.packed_size();
        Strided x = {inputs + first * input_step, input_step, 1};
        for (long l = 0; l + 1 < networks.num_layers; l++) {
            const Layer& layer = networks.layers[l];
            const long step = row_stride(layer.outputs);
            float* z = hidden + at * step;
            float* h = z + layer.activations_at(room);
            const bool relu = layer.plain() && layer.activation == Activation::relu;
            multiply(x, weights[l],
                     {z, step, relu ? Finish::bias_relu : Finish::bias, parameters + layer.bias_of(network)}, count,
                     layer.inputs, layer.outputs);
            if (!layer.plain())
                activate_rows(layer.activation, layer.norm, z, h, step, count, layer.outputs);
            x = {h, step, 1};
            hidden += layer.kept_size(room);
        }
        const Layer& last = networks.last();
        const float* bias = parameters + last.bias_of(network);
        float* to = outputs + first * last.outputs;
        const Panels& columns = weights[networks.num_layers - 1];
        if (last.outputs <= NARROW)
            dot_products(x, columns.data, bias, count, last.inputs, last.outputs, to);
        else
            multiply(x, columns, {to, last.outputs, Finish::bias, bias}, count, last.inputs, last.outputs);
    }
}

}  // namespace native
