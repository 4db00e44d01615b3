// What each operator costs: time on the thread that calls it, FLOPs, and bytes of the tensors that it reads and writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hasten {

struct OperatorUse {
  std::string name;
  int64_t calls = 0;
  double seconds = 0;  // without operators that it calls, unless it is one whose FLOPs are known: then with them
  double flops = 0;
  double bytes = 0;  // each operand once, without what operators within moved; 0 for views
};

// Of the process, one at a time. For a device whose work is queued, `seconds` are the host's.
class OperatorMeter {
 public:
  OperatorMeter();
  ~OperatorMeter();
  OperatorMeter(const OperatorMeter&) = delete;
  OperatorMeter& operator=(const OperatorMeter&) = delete;
  // By name, the most expensive first; of all that was called since the meter began.
  std::vector<OperatorUse> uses() const;

 private:
  uint64_t callback_;
};

// Peaks of a device as operators reach them, measured: a product of large matrices, and a copy of a buffer beyond caches.
struct DevicePeaks {
  double flops_per_s = 0, bytes_per_s = 0;
};
// `half`: with operands of bfloat16. Takes some tenths of a second.
DevicePeaks measure_peaks(bool on_gpu, bool half);

}  // namespace hasten
