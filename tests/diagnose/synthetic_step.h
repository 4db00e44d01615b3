// A training step that computes nothing: a host that starts work, a device that does it, and processes that wait for
// each other.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/diagnose/synthetic_work.h"

namespace hasten::diagnose {

struct StepPlan {
  double transfer_s = 0, launch_s = 0, forward_s = 0, backward_s = 0, update_s = 0;
  double wait_s = 0;    // how long the device idles while the host waits for a value and does something with it
  double delay_s = 0;   // of R14
  double wire_s = 0, late_s = 0;  // of a reduction: how long it takes, and how much later the other process comes
  bool reduce = false;
  bool queued = false;  // the host runs ahead of the device; a wait for a value then costs what was hidden
  bool pageable = false;  // the host waits for the copy
  bool alone = false;     // one thread does the work of all
};

// Runs something on several threads at once.
class Team {
 public:
  explicit Team(int64_t threads);
  ~Team();
  void run(const std::function<void()>& work);

 private:
  void serve();
  std::mutex mutex_;
  std::condition_variable begin_, end_;
  const std::function<void()>* work_ = nullptr;
  int64_t generation_ = 0, busy_ = 0;
  bool leaving_ = false;
  std::vector<std::thread> helpers_;
};

// The other process of a reduction: makes the same steps, and comes late to each.
class Peer {
 public:
  Peer() = default;
  ~Peer() { stop(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  void start(double step_s, double wire_s, double update_s);
  void stop();
  // Waits for it, and then for the wire; how much later the last one came.
  double meet(double wire_s);

 private:
  struct Shared;  // memory of both processes
  [[noreturn]] static void run(Shared& shared, double step_s, double wire_s, double update_s);
  Shared* shared_ = nullptr;
  pid_t child_ = 0;
};

class SyntheticStep {
 public:
  SyntheticStep(Work device, int64_t threads) : device_(device), team_(threads) {}
  void begin(const StepPlan& plan);
  void end();
  void run(const StepPlan& plan);
  void synchronize();
  double skew_s() const { return skew_s_; }

 private:
  void compute(const StepPlan& plan, double seconds);
  void run_queued(const StepPlan& plan);
  void enqueue(double seconds);

  const Work device_;
  Team team_;
  Peer peer_;
  double skew_s_ = 0;
  int64_t free_ns_ = 0;  // when the device has done what was queued
  int64_t last_end_ns_ = 0, end_before_ns_ = 0;
};

}  // namespace hasten::diagnose
