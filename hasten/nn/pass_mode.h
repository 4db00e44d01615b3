// How a forward pass treats what it may change besides its output.
#pragma once

#include <cstdint>

namespace hasten {

// What becomes of running statistics in a training pass.
enum class Statistics {
  kUpdate,   // moved towards the batch's
  kKeep,     // left alone; the batch's own are used
  kAverage,  // set to the mean over the batches since the averaging began
};

// What layers of one pass hand to later ones beside the main path; see nn/pass_stream.h.
struct PassStream;

struct PassMode {
  bool training = true;  // dropout and the batch's own statistics; otherwise the running ones
  Statistics statistics = Statistics::kUpdate;
  int64_t averaged = 0;  // batches that kAverage has seen before this one
  PassStream* stream = nullptr;
};

}  // namespace hasten
