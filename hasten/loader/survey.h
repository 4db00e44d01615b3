// What some images of a data set say of all: sizes, channels, classes.
#pragma once

#include <cstdint>

#include "hasten/loader/sample_index.h"

namespace hasten {

struct ImageSurvey {
  int64_t looked = 0;
  int64_t least_width = 0, most_width = 0, least_height = 0, most_height = 0;
  int64_t channels = 0;  // the most that one has: 1 or 3
  int64_t classes = 0;   // of all samples: names that are known, else labels up to the largest
};

// Reads the heads of up to `most` images, spread over the data set, where its index does not know their sizes; and
// records of all samples if labels stand there. Throws DataError for what is no image.
ImageSurvey survey_images(const SampleIndex& index, int64_t most);

}  // namespace hasten
