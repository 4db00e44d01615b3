// What a source calls its samples, without where on this machine it lies.
#pragma once

#include <string>

#include "hasten/loader/sample_index.h"

namespace hasten::shards {

class SourceNames {
 public:
  explicit SourceNames(const SampleIndex& source);
  // "cat/12.jpg"; "" where the source knows nothing but numbers.
  std::string operator()(int64_t sample) const;

 private:
  const SampleIndex& source_;
  std::string folder_;  // that all files lie in, with the last slash; samples that are files are named below it
};

}  // namespace hasten::shards
