// A random part of independent samples.
#include "hasten/data/sample_source.h"

#include <algorithm>

#include "hasten/base/rng.h"

namespace hasten {

SampleSource::Ids SampleSource::random_ids(int64_t count, uint64_t key) const {
  const std::vector<int64_t> order = permutation(size(), key, operation("data.validation"), 0);
  Ids ids{{order.begin() + count, order.end()}, {order.begin(), order.begin() + count}};
  std::sort(ids.rest.begin(), ids.rest.end());
  std::sort(ids.held_out.begin(), ids.held_out.end());
  return ids;
}

}  // namespace hasten
