// What can hold a training step back, and what is done about it. Experiments, traces and `diagnose --explain` share this
// table; which methods relieve or worsen a limit is said by the methods themselves.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/spec/taxonomy.h"

namespace hasten::diagnose {

enum class Limit : uint8_t {
  kThrottled,
  kContention,
  kFetch,
  kRead,
  kDecode,
  kAugment,
  kAssemble,
  kTransfer,
  kBurst,
  kSerial,
  kSync,
  kHost,
  kCommunication,
  kStraggler,
  kOptimizer,
  kMath,
  kBandwidth,
  kKernelLatency,
  kCompute,  // the device, where nothing says whether its arithmetic or its memory
  kMemory,
  kBalanced,
  kData,  // the last four are for traces, which see less of the input and name what they do not understand
  kDependency,
  kOther,
};
constexpr size_t kLimits = 24;

struct LimitInfo {
  std::string_view name;  // "decode-bound"
  std::string_view means;  // one line
  std::string_view rule;  // when the experiments say so; empty where they never do
  std::vector<Bottleneck> relieved_by;  // what methods that help declare
  std::vector<std::string_view> settings;  // changes that are no methods
};
const LimitInfo& info(Limit limit);
inline std::string_view name_of(Limit limit) { return info(limit).name; }

}  // namespace hasten::diagnose
