// For tests: the samples of a data set that is in memory.
#pragma once

#include "hasten/base/error.h"
#include "hasten/data/dataset.h"
#include "hasten/data/memory_samples.h"

namespace hasten {

inline const MemorySamples& memory_of(const Dataset& data) {
  const auto* samples = dynamic_cast<const MemorySamples*>(&data.source());
  HASTEN_CHECK(samples != nullptr, "a data set in memory");
  return *samples;
}

}  // namespace hasten
