// The rules, one function a group.
#include "hasten/diagnose/decide.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/text.h"

namespace hasten::diagnose {
namespace {

using E = Experiment;

std::string ms(double seconds) { return significant(1e3 * seconds, 3) + " ms"; }

class Rules {
 public:
  Rules(const Times& times, const Measurements& measurements, const StageModel& model, const Tolerances& tolerances)
      : t_(times),
        m_(measurements),
        model_(model),
        eps_(tolerances),
        t0_(times.get(E::kFull)),
        t1_(times.at(E::kResident).value_or(t0_)) {}

  std::vector<Finding> findings() {
    input();
    const bool waits = !waited_.empty();
    synchronisation();
    communication();
    update_and_host();
    device();
    capacity();
    const auto larger = [](const Finding& a, const Finding& b) { return a.share > b.share; };
    std::stable_sort(waited_.begin(), waited_.end(), larger);
    std::stable_sort(overheads_.begin(), overheads_.end(), larger);
    std::vector<Finding> out;
    balanced(out);
    // An overhead beside a wait can be the larger one: contention slows training more than training waits.
    if (waits && !overheads_.empty() && overheads_[0].share > waited_[0].share && overheads_[0].share >= kOverheadFirst)
      take(out, overheads_, 1);
    take(out, waited_, waited_.size());
    while (!overheads_.empty() && overheads_[0].share >= kOverheadFirst) take(out, overheads_, 1);
    take(out, device_, device_.size());
    take(out, overheads_, overheads_.size());
    return out;
  }

 private:
  double eps(E experiment) const { return eps_[static_cast<size_t>(experiment)]; }
  double part(Part which) const { return model_.parts()[static_cast<size_t>(which)]; }
  static void take(std::vector<Finding>& out, std::vector<Finding>& from, size_t count) {
    out.insert(out.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
  }
  // `seconds` of the step would go away; what else has to be done at the least in that time, stays.
  Finding found(Limit what, double seconds, std::string evidence, double least_s = 0) const {
    const double rest = std::max(t0_ - seconds, least_s);
    return {what, seconds, std::clamp(seconds / t0_, 0.0, 1.0), rest > 0 ? std::max(1.0, t0_ / rest) : 0,
            std::move(evidence)};
  }
  // Of the thread that trains: without it, steps still come no faster than their batches.
  Finding found_in_training(Limit what, double seconds, std::string evidence, double least_s = 0) const {
    Effect free;
    free[Part::kCompute] = 0;
    return found(what, seconds, std::move(evidence), std::max(least_s, model_.serial() ? 0 : loading_s(free)));
  }

  double loading_s(const Effect& effect = {}) const {  // of the slowest chain without computation
    double most = 0;
    for (size_t chain = 0; chain < model_.chains().size(); ++chain) {
      const auto& parts = model_.chains()[chain];
      if (std::find(parts.begin(), parts.end(), Part::kCompute) == parts.end())
        most = std::max(most, model_.chain_s(chain, effect));
    }
    return most;
  }
  double training_s() const {
    for (size_t chain = 0; chain < model_.chains().size(); ++chain) {
      const auto& parts = model_.chains()[chain];
      if (std::find(parts.begin(), parts.end(), Part::kCompute) != parts.end()) return model_.chain_s(chain);
    }
    return t1_;
  }

  void input() {
    if (t0_ <= (1 + eps(E::kResident)) * t1_) return;
    if (t_.has(E::kResidentBesideLoader) &&
        t_.get(E::kResidentBesideLoader) > (1 + eps(E::kResidentBesideLoader)) * t1_) {
      const double slowed = t_.get(E::kResidentBesideLoader) - t1_;
      overheads_.push_back(found(Limit::kContention, std::min(slowed, t0_ - t1_),
                                 cat("T1n ", ms(t_.get(E::kResidentBesideLoader)), " against T1 ", ms(t1_))));
    }
    if (t_.has(E::kHostBatch) && t_.get(E::kHostBatch) > (1 + eps(E::kHostBatch)) * t1_) {
      std::string evidence = cat("T2 ", ms(t_.get(E::kHostBatch)), " against T1 ", ms(t1_));
      if (t_.has(E::kPageableBatch)) evidence += cat("; from pageable memory ", ms(t_.get(E::kPageableBatch)));
      overheads_.push_back(found_in_training(Limit::kTransfer, felt(t_.get(E::kHostBatch) - t1_), std::move(evidence)));
    }
    before_step(Limit::kAssemble, part(Part::kAssemble), " before the step, in the thread that trains");
    before_step(Limit::kAugment, part(Part::kTransform), " of batch-wise transforms in the thread that trains");
    waits();
  }

  // What the host does while a device works on what was queued is not felt.
  double felt(double seconds) const { return std::min(seconds, t0_ - t1_); }

  void before_step(Limit what, double seconds, std::string_view words) {
    if (felt(seconds) <= eps(E::kDrain) * t0_) return;
    std::string evidence = cat(ms(seconds), words);
    if (felt(seconds) < seconds) evidence += cat("; T0 ", ms(t0_), " against T1 ", ms(t1_));
    overheads_.push_back(found_in_training(what, felt(seconds), std::move(evidence)));
  }

  // What training waits for, beyond its own chain.
  void waits() {
    const double own = std::max(training_s(), t_.at(E::kHostBatch).value_or(0));
    double wait = t0_ - own;
    if (model_.chains().size() < 2 || wait <= eps(E::kFull) * t0_) return;
    const double loading = loading_s();
    if (model_.serial()) {
      double sum = 0;
      for (size_t chain = 0; chain < model_.chains().size(); ++chain) sum += model_.chain_s(chain);
      waited_.push_back(found(Limit::kSerial, t0_ - std::max(loading, training_s()),
                              cat("T0 ", ms(t0_), " is the sum of the chains (", ms(sum), "), not the largest")));
      return;
    }
    // What a deeper read-ahead removes was not too slow, but late at times; a slow loader gains by more requests at once.
    // That training waits is known, although its loader keeps up; the half tells what of it is lateness.
    const double late = std::min(wait, t0_ - t_.at(E::kDeepReadAhead).value_or(t0_));
    if (late > 0.5 * wait && keeps_up(own)) {
      waited_.push_back(found(Limit::kBurst, late,
                              cat("L ", ms(loading), ", T1 ", ms(t1_), ", yet T0 is ", ms(t0_), " and T15d ",
                                  ms(t_.get(E::kDeepReadAhead)))));
      wait -= late;
      if (wait <= eps(E::kFull) * t0_) return;
    }
    slow_loader(wait);
  }

  // Whether batches are made faster than they are taken, on average. Stages that block each other drain slower than any
  // of them works, so there it is their own clocks that tell.
  bool keeps_up(double own) const {
    size_t stages = 0;
    double slowest = 0;
    for (const auto& parts : model_.chains()) {
      if (std::find(parts.begin(), parts.end(), Part::kCompute) != parts.end()) continue;
      double busy = 0;
      for (Part which : parts) busy += t_.drained ? (*t_.drained)[static_cast<size_t>(which)] : 0;
      slowest = std::max(slowest, busy);
      ++stages;
    }
    if (stages > 1 && slowest > 0) return slowest < own;
    return t_.at(E::kDrain).value_or(0) < (1 - eps(E::kDrain)) * own;
  }

  void slow_loader(double wait) {
    const size_t longest = model_.longest_chain();
    const bool in_memory = reads_memory(m_);
    double fetch = 0, preparation = wait;
    double least = 0;  // of a half of the wait, or the other one is all of it
    std::string evidence = cat("T0 ", ms(t0_), " against T1 ", ms(t1_));
    if (t_.has(E::kDrain)) evidence += cat("; the loader alone takes ", ms(t_.get(E::kDrain)));
    const auto busy = [&](Part which) {
      const auto& parts = model_.chains()[longest];
      return std::find(parts.begin(), parts.end(), which) != parts.end() ? part(which) : 0.0;
    };
    if (t_.has(E::kCached)) {
      fetch = std::clamp(t0_ - t_.get(E::kCached), 0.0, wait);
      preparation = wait - fetch;
      least = eps(E::kCached) * t0_;
      evidence += cat("; T4 ", ms(t_.get(E::kCached)));
    } else if (in_memory) {
      evidence += cat("; the files lie in memory, reading and checking them takes ", ms(part(Part::kFetch)));
    } else if (const double all = busy(Part::kFetch) + busy(Part::kDecode) + busy(Part::kAugment); all > 0) {
      fetch = wait * busy(Part::kFetch) / all;
      preparation = wait - fetch;
      least = eps(E::kDrain) * t0_;
    }
    // That training waits is known; noise may only hide for which of the two.
    if (std::min(fetch, preparation) <= least) {
      const bool on_fetch = fetch > preparation;
      fetch = on_fetch ? wait : 0;
      preparation = on_fetch ? 0 : wait;
    }
    if (fetch > 0) waited_.push_back(found(Limit::kFetch, fetch, evidence));
    if (preparation > 0) {
      const double decode = part(Part::kDecode), augment = part(Part::kAugment);
      Limit what = augment > decode ? Limit::kAugment : decode > 0 ? Limit::kDecode : Limit::kFetch;
      if (in_memory && part(Part::kFetch) > std::max(decode, augment)) what = Limit::kRead;
      waited_.push_back(
          found(what, preparation, cat(evidence, "; decoding ", ms(decode), ", augmentation ", ms(augment), " of it")));
    }
  }

  void synchronisation() {
    if (!t_.has(E::kNoSync) || t1_ <= (1 + eps(E::kNoSync)) * t_.get(E::kNoSync)) return;
    overheads_.push_back(found_in_training(Limit::kSync, t1_ - t_.get(E::kNoSync),
                                           cat("T13 ", ms(t_.get(E::kNoSync)), " against T1 ", ms(t1_))));
  }

  void communication() {
    if (!t_.has(E::kNoReduction) || t1_ <= (1 + eps(E::kNoReduction)) * t_.get(E::kNoReduction)) return;
    const double exposed = t1_ - t_.get(E::kNoReduction);
    const bool skewed = t_.skew_s > 0.5 * exposed;
    overheads_.push_back(
        found_in_training(skewed ? Limit::kStraggler : Limit::kCommunication, exposed,
                          cat("T12 ", ms(t_.get(E::kNoReduction)), " against T1 ", ms(t1_), "; skew ", ms(t_.skew_s))));
  }

  // What operators work in a step. The timer of one that is far from what the machine allows counts its start for the
  // most part. 0: nobody looked.
  double work_s() const {
    if (!m_.profile) return 0;
    const OperatorProfile& profile = *m_.profile;
    const bool peaks = profile.peak_flops_per_s > 0 && profile.peak_bytes_per_s > 0;
    double work = 0;
    for (const OperatorCost& one : profile.operators) {
      const bool known = peaks && (one.flops > 0 || one.bytes > 0);
      const double least =
          known ? std::max(one.flops / profile.peak_flops_per_s, one.bytes / profile.peak_bytes_per_s) : one.seconds;
      work += std::min(one.seconds, least / kLeastEfficiency);
    }
    return std::min(work, t1_);
  }

  // Both do not depend on the batch; the larger one is the reason. Nor do waits and reductions, which have experiments of
  // their own.
  void update_and_host() {
    const double update = t_.has(E::kForwardBackward) ? std::max(0.0, t1_ - t_.get(E::kForwardBackward)) : 0;
    double elsewhere = update;
    for (const Finding& overhead : overheads_) {
      if (overhead.what == Limit::kSync || overhead.what == Limit::kCommunication || overhead.what == Limit::kStraggler)
        elsewhere += overhead.seconds;
    }
    double host = t_.has(E::kTiny) ? std::max(0.0, t_.get(E::kTiny) - elsewhere) : 0;
    const double work = work_s();
    std::string evidence;
    if (t_.has(E::kTiny)) evidence = cat("a batch of one takes ", ms(t_.get(E::kTiny)), " of T1 ", ms(t1_));
    if (t_.has(E::kTiny) && work > 0) evidence += cat(", operators work ", ms(work), " of it");
    const bool graph = t_.has(E::kGraph) && t_.get(E::kGraph) < t1_ / (1 + eps(E::kGraph));
    // Reading wide weights takes as long for one sample as for some, and is work all the same.
    const bool tiny = work < kBusyDevice * t1_ &&
                      (host > 0.5 * t1_ || (t_.has(E::kTiny) && t_.get(E::kTiny) >= 0.9 * t1_ && host > elsewhere));
    if (graph) {
      host = t1_ - t_.get(E::kGraph);
      evidence += cat(evidence.empty() ? "" : "; ", "T11 ", ms(t_.get(E::kGraph)));
    }
    if ((graph || tiny) && host > update)
      overheads_.push_back(found_in_training(Limit::kHost, host, std::move(evidence), work));
    if (update > std::max(kLeastUpdateShare, eps(E::kForwardBackward)) * t1_)
      overheads_.push_back(found_in_training(Limit::kOptimizer, update,
                                             cat("Tfb ", ms(t_.get(E::kForwardBackward)), " against T1 ", ms(t1_))));
  }

  // Arithmetic, memory traffic or latency of the operators, by their shapes and the peaks of this machine.
  Limit split_device(std::string& evidence, double& removable) const {
    removable = 0;
    if (!m_.profile || m_.profile->peak_flops_per_s <= 0 || m_.profile->peak_bytes_per_s <= 0) {
      if (!t_.has(E::kFastMath)) return Limit::kCompute;
      const double gained = t1_ - t_.get(E::kFastMath);
      evidence = cat("T9m ", ms(t_.get(E::kFastMath)), " against T1 ", ms(t1_));
      if (gained > eps(E::kFastMath) * t1_) {
        removable = gained;
        return Limit::kMath;
      }
      return t_.has(E::kHalfPrecision) && t_.get(E::kHalfPrecision) < t1_ / (1 + eps(E::kHalfPrecision))
                 ? Limit::kBandwidth
                 : Limit::kCompute;
    }
    double all = 0, known = 0, math = 0, bandwidth = 0, floor = 0, above_memory = 0;
    for (const OperatorCost& one : m_.profile->operators) {
      all += one.seconds;
      if (one.flops <= 0 && one.bytes <= 0) continue;
      known += one.seconds;
      const double t_math = one.flops / m_.profile->peak_flops_per_s, t_mem = one.bytes / m_.profile->peak_bytes_per_s;
      floor += std::min(one.seconds, std::max(t_math, t_mem));
      (t_math > t_mem ? math : bandwidth) += one.seconds;
      if (t_math > t_mem) above_memory += std::max(0.0, one.seconds - t_mem);
    }
    if (all <= 0 || known < 0.5 * all) return Limit::kCompute;
    const auto percent = [&](double seconds) { return fixed(100 * seconds / known, 0) + "%"; };
    const double efficiency = floor / known;
    evidence = cat(percent(math), " of operator time is math-limited, ", percent(bandwidth),
                   " memory-limited; they reach ", fixed(efficiency, 2), " of what the machine allows");
    if (efficiency < kLeastEfficiency) return Limit::kKernelLatency;
    if (math >= bandwidth) removable = above_memory / all * t1_;
    return math >= bandwidth ? Limit::kMath : Limit::kBandwidth;
  }

  void device() {
    double others = 0;
    for (const Finding& overhead : overheads_) {
      if (overhead.what == Limit::kSync || overhead.what == Limit::kHost || overhead.what == Limit::kOptimizer ||
          overhead.what == Limit::kCommunication || overhead.what == Limit::kStraggler)
        others += overhead.seconds;
    }
    const double own = std::max(0.0, t1_ - others);
    std::string evidence;
    double removable = 0;
    const Limit what = split_device(evidence, removable);
    if (evidence.empty()) evidence = cat("T1 ", ms(t1_), " of T0 ", ms(t0_));
    Finding finding = found_in_training(what, own, std::move(evidence));
    if (removable > 0) finding.s_max = found_in_training(what, removable, "").s_max;
    device_.push_back(std::move(finding));
  }

  // Beside the device's own limit, which a larger batch would relieve.
  void capacity() {
    const auto why = m_.left_out.find(E::kDoubleBatch);
    if (why == m_.left_out.end() || why->second.find("memory") == std::string::npos || !t_.has(E::kHalfBatch)) return;
    const double half = 2 * t_.get(E::kHalfBatch);  // a whole batch's samples at half the batch
    if (half <= (1 + eps(E::kHalfBatch)) * t1_) return;
    device_.push_back(found(Limit::kMemory, std::min(t1_, half - t1_),
                            cat("two batches do not fit, and halving the batch costs ", ms(half - t1_))));
  }

  void balanced(std::vector<Finding>& out) const {
    if (!waited_.empty() || model_.chains().size() < 2) return;
    if (!overheads_.empty() && overheads_[0].share >= kOverheadFirst) return;
    const double loading = loading_s();
    if (loading < (1 - kBalancedWithin) * t0_ || t1_ < (1 - kBalancedWithin) * t0_) return;
    out.push_back({Limit::kBalanced, t0_, 1, 1,
                   cat("the loader alone takes ", ms(loading), ", T1 is ", ms(t1_), ", T0 ", ms(t0_))});
  }

  const Times& t_;
  const Measurements& m_;
  const StageModel& model_;
  const Tolerances& eps_;
  const double t0_, t1_;
  std::vector<Finding> waited_, overheads_, device_;
};

}  // namespace

bool reads_memory(const Measurements& measurements) {
  return measurements.left_out.count(E::kCached) != 0 &&
         measurements.conditions.resident_at_begin.value_or(0) > kInMemory;
}

std::vector<Finding> decide(const Times& times, const Measurements& measurements, const StageModel& model,
                            const Tolerances& tolerances) {
  return Rules(times, measurements, model, tolerances).findings();
}

}  // namespace hasten::diagnose
