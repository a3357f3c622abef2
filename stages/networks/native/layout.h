// Where the numbers of many perceptrons lie.
//
// Parameters: the weights [network, in, out] of a layer are one block, its biases [network, 1, out] the next. Networks are
// counted seed by seed, the members of a seed side by side.
#pragma once
#include "product.h"
#include "rows.h"

namespace native {

constexpr long MAX_LAYERS = 16;
// Rows that go through all layers together: what they leave behind stays in the second-level cache.
constexpr long BLOCK_ROWS = 256;

struct Layer {
    long inputs, outputs;
    Activation activation;
    Norm norm;
    long weight, bias;  // where the parameters of the first network begin

    long weight_of(long network) const { return weight + network * inputs * outputs; }
    long bias_of(long network) const { return bias + network * outputs; }

    // Plain: the product's finish does it all. Otherwise the sums z are kept, and the activations h behind them.
    bool plain() const { return norm == Norm::none && activation <= Activation::relu; }
    long kept_size(long rows) const { return row_stride(outputs) * rows * (plain() ? 1 : 2); }
    long activations_at(long rows) const { return plain() ? 0 : row_stride(outputs) * rows; }
};

struct Perceptrons {
    long num_layers, num_members;
    const Layer* layers;  // the last has neither activation nor norm
    float* scratch;       // scratch_size() floats, used by one call at a time

    const Layer& last() const { return layers[num_layers - 1]; }

    // What a forward pass keeps of the first `num_hidden` layers.
    long kept_size(long rows, long num_hidden) const {
        long size = 0;
        for (long l = 0; l < num_hidden; l++) size += layers[l].kept_size(rows);
        return size;
    }

    long packed_size() const {
        long size = 0;
        for (long l = 0; l < num_layers; l++)
            size += std::max(native::packed_size(layers[l].inputs, layers[l].outputs),
                             native::packed_size(layers[l].outputs, layers[l].inputs));
        return size;
    }

    // The longest row of a gradient.
    long longest_row() const {
        long width = 0;
        for (long l = 0; l < num_layers; l++) width = std::max({width, layers[l].inputs, layers[l].outputs});
        return row_stride(width);
    }

    long scratch_size() const {
        return packed_size() +
               std::max(kept_size(BLOCK_ROWS, num_layers - 1), longest_row() * (2 * BLOCK_ROWS + LANES + 1));
    }
};

}  // namespace native
