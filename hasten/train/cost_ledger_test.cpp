// Accounts of time and energy over the processes of one run.
#include "hasten/train/cost_ledger.h"

#include <gtest/gtest.h>

#include "hasten/base/clock.h"
#include "hasten/train/checkpoint.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

using Account = CostLedger::Account;

class TurnedMeter final : public EnergyMeter {
 public:
  explicit TurnedMeter(const double& joules) : joules_(joules) {}
  double joules() override { return joules_; }
  std::string source() const override { return "test"; }

 private:
  const double& joules_;
};

class CostLedgerTest : public ::testing::Test {
 protected:
  // A process of the run: goes on from the one before it, trains for `joules`, and saves. What it knows of them.
  double train(bool counter, double joules) {
    double turned = 0;
    CostLedger ledger(now_ns(), counter ? std::make_unique<TurnedMeter>(turned) : nullptr);
    ledger.charge(Account::kTraining);
    turned += joules / 4;
    ledger.refresh();
    const auto state = [&](StateVisitor& visitor) { ledger.state(visitor); };
    if (std::filesystem::exists(file_)) CheckpointReader(file_).restore(state);
    EXPECT_GE(ledger.ns(Account::kTraining), ns_);
    turned += joules - joules / 4;
    ns_ = ledger.ns(Account::kTraining);  // what is saved now is no less
    ledger.refresh();
    save_checkpoint(file_, {"abc", 7, 1, 0, 0}, state);
    return ledger.joules(Account::kTraining);
  }
  testing::TemporaryDirectory dir_;
  const std::filesystem::path file_ = dir_.path() / "a.safetensors";
  int64_t ns_ = 0;
};

TEST_F(CostLedgerTest, AddsUpOverProcesses) {
  EXPECT_DOUBLE_EQ(train(true, 8), 8);
  EXPECT_DOUBLE_EQ(train(true, 4), 12) << "with what was spent before the state was there";
}

TEST_F(CostLedgerTest, APartIsNotTheWhole) {
  EXPECT_EQ(train(false, 8), -1);
  EXPECT_EQ(train(true, 4), -1);
  EXPECT_EQ(train(true, 4), -1);
}

TEST_F(CostLedgerTest, AGapInTheMiddleIsNotBridged) {
  EXPECT_DOUBLE_EQ(train(true, 8), 8);
  EXPECT_EQ(train(false, 8), -1);
  EXPECT_EQ(train(true, 4), -1);
}

}  // namespace
}  // namespace hasten
