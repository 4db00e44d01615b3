// A made-up classification problem of any size, for tests and quick trials.
#pragma once

#include "hasten/data/dataset.h"

namespace hasten {

// Smooth random images, labelled by a random network of two layers; a share `noise` of the labels is replaced by
// random ones. Each sample is a function of (data_seed, split, its id) alone.
Dataset synthetic_data(const SyntheticParams& params, Split split);

}  // namespace hasten
