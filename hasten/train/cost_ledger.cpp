// Accounts of time and energy.
#include "hasten/train/cost_ledger.h"

#include <numeric>

#include "hasten/base/clock.h"

namespace hasten {

CostLedger::CostLedger(int64_t start_ns, std::unique_ptr<EnergyMeter> energy)
    : since_ns_(start_ns), energy_(std::move(energy)) {
  if (energy_ != nullptr) since_joules_ = energy_->joules();
}

void CostLedger::charge(Account account) {
  auto index = static_cast<size_t>(current_);
  int64_t now = now_ns();
  spent_ns_[index] += now - since_ns_;
  since_ns_ = now;
  if (energy_ != nullptr) {
    double joules = energy_->joules();
    spent_joules_[index] += joules - since_joules_;
    since_joules_ = joules;
  }
  current_ = account;
}

void CostLedger::add(Account account, int64_t ns, double joules) {
  spent_ns_[static_cast<size_t>(account)] += ns;
  spent_joules_[static_cast<size_t>(account)] += joules;
}

int64_t CostLedger::ns(Account account) const {
  return spent_ns_[static_cast<size_t>(account)] + (account == current_ ? now_ns() - since_ns_ : 0);
}

int64_t CostLedger::total_ns() const {
  return std::accumulate(spent_ns_.begin(), spent_ns_.end(), int64_t{0}) + now_ns() - since_ns_;
}

double CostLedger::joules(Account account) const {
  return energy_ == nullptr ? -1 : spent_joules_[static_cast<size_t>(account)];
}

void CostLedger::state(StateVisitor& visitor) {
  if (!visitor.loading()) refresh();
  bool known = has_energy();
  for (size_t i = 0; i < kAccounts; ++i) {
    StateVisitor::Scope scope(visitor, std::to_string(i));
    int64_t ns = spent_ns_[i];
    double joules = has_energy() ? spent_joules_[i] : -1;
    visitor.integer("ns", ns);
    visitor.number("joules", joules);
    if (!visitor.loading()) continue;
    // What this process spent before it loaded the state (starting up) comes on top of what was spent then.
    spent_ns_[i] += ns;
    spent_joules_[i] += joules;
    known = known && joules >= 0;
  }
  if (!known) energy_.reset();
}

}  // namespace hasten
