// From inputs to outputs, one network at a time, so that its numbers do not depend on the networks beside it.
#pragma once
#include "layout.h"

namespace native {

// Rows of weights from this width on would compete for places in the cache: they are packed ...
constexpr long WIDE = 128;
// ... unless too few rows of inputs make use of it.
constexpr long FEW_ROWS = 16;

inline void pack_weights(const Perceptrons& networks, long network, const float* parameters, long rows,
                         Panels* weights) {
    float* packed = networks.scratch;
    for (long l = 0; l < networks.num_layers; l++) {
        const Layer& layer = networks.layers[l];
        const float* from = parameters + layer.weight_of(network);
        if (layer.outputs % LANES || (layer.outputs >= WIDE && rows > FEW_ROWS)) {
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
        for (long l = 0; l < networks.num_layers; l++) {
            const Layer& layer = networks.layers[l];
            const bool last = l + 1 == networks.num_layers;
            const long step = last ? layer.outputs : row_stride(layer.outputs);
            float* z = last ? outputs + first * step : hidden + at * step;
            float* h = z + (last ? 0 : layer.activations_at(room));
            const bool relu = layer.plain() && layer.activation == Activation::relu;
            multiply(x, weights[l],
                     {z, step, relu ? Finish::bias_relu : Finish::bias, parameters + layer.bias_of(network)}, count,
                     layer.inputs, layer.outputs);
            if (!layer.plain())
                activate_rows(layer.activation, layer.normalisation(network, parameters, nullptr), z, h, step, count,
                              layer.outputs);
            x = {h, step, 1};
            hidden += layer.kept_size(room);
        }
    }
}

}  // namespace native
