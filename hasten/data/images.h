// Data sets of image files: decoded into memory once, or streamed by a loader.
#pragma once

#include "hasten/data/dataset.h"

namespace hasten {

// Opens data.path in whatever format it is; `steps` are those of sample_steps(). Throws ConfigError or DataError.
Splits load_images(const Recipe& recipe, const DatasetInfo& info, const SampleSteps& steps);

// Settings that want samples from a loader (crops, jitter, random operations) are refused for data that is always in
// memory. Throws ConfigError.
void refuse_sample_work(const Recipe& recipe);

}  // namespace hasten
