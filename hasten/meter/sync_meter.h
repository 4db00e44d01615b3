// How often, and how long, the host waits for a value of the device: item(), and whatever else reads one number.
#pragma once

#include <cstdint>

namespace hasten {

class SyncMeter {
 public:
  SyncMeter();  // counts from here on, on all threads; every operator costs a comparison meanwhile
  ~SyncMeter();
  SyncMeter(const SyncMeter&) = delete;
  SyncMeter& operator=(const SyncMeter&) = delete;

  struct Reading {
    int64_t syncs = 0, ns = 0;
  };
  Reading reading() const;  // of the process, while there was a meter; two readings make a rate

 private:
  uint64_t callback_;
};

}  // namespace hasten
