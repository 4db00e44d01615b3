// Where the time and energy of a run went: each nanosecond is charged to one account.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "hasten/core/state_visitor.h"
#include "hasten/meter/energy.h"

namespace hasten {

class CostLedger {
 public:
  enum class Account { kSetup, kTraining, kEvaluation, kCheckpoint, kPrelude };

  // Starts on kSetup at `start_ns` (base clock). `why` of the meter is kept when there is no counter.
  CostLedger(int64_t start_ns, std::unique_ptr<EnergyMeter> energy);

  void charge(Account account);  // from now on
  int64_t ns(Account account) const;   // up to now
  int64_t total_ns() const;
  // Books what was spent elsewhere: preludes, which may have run in another process.
  void add(Account account, int64_t ns, double joules);
  // Energy charged to an account, or negative without a counter. Current up to the last charge() or refresh().
  double joules(Account account) const;
  void refresh() { charge(current_); }
  bool has_energy() const { return energy_ != nullptr; }

  // While it lives, costs go to `account`; then back to what was charged before.
  class Span {
   public:
    Span(CostLedger& ledger, Account account) : ledger_(ledger), before_(ledger.current_) { ledger.charge(account); }
    ~Span() { ledger_.charge(before_); }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    CostLedger& ledger_;
    Account before_;
  };

  // Resumed runs go on counting, joules only if all processes before had a counter: a part must not pass for the whole.
  void state(StateVisitor& visitor);

 private:
  static constexpr size_t kAccounts = 5;
  std::array<int64_t, kAccounts> spent_ns_{};
  std::array<double, kAccounts> spent_joules_{};
  Account current_ = Account::kSetup;
  int64_t since_ns_;
  double since_joules_ = 0;
  std::unique_ptr<EnergyMeter> energy_;
};

}  // namespace hasten
