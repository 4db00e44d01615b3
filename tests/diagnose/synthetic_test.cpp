// Whole sessions on pipelines of real threads whose limit is known. A machine that others use may refuse a verdict; a wrong
// one is a failure.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>

#include "hasten/base/error.h"
#include "tests/diagnose/quota.h"
#include "tests/diagnose/synthetic_cases.h"

namespace hasten::diagnose {
namespace {

Diagnosis diagnosed(const SyntheticCase& made) {
  SyntheticPipeline pipeline(made);
  SessionOptions options;
  options.seconds = 3;
  Measurements measurements = measure(pipeline, options);
  pipeline.pretend(measurements);
  return diagnose(measurements);
}

const KnownCase& known(const std::vector<KnownCase>& cases, const std::string& name) {
  const auto found =
      std::find_if(cases.begin(), cases.end(), [&](const KnownCase& one) { return one.made.name == name; });
  HASTEN_CHECK(found != cases.end(), name);
  return *found;
}

TEST(SyntheticSlowTest, ClearCasesAreNamedOrRefused) {
  const std::vector<KnownCase> cases = known_cases();
  int decided = 0;
  for (const char* name :
       {"storage", "device", "serial", "copies", "waits for values", "straggler", "update", "throttled", "quota"}) {
    const KnownCase& one = known(cases, name);
    std::unique_ptr<Quota> quota;
    if (one.quota_cores > 0 && !(quota = Quota::make(one.quota_cores))) {
      std::cout << name << ": left out, no quota can be set here\n";
      continue;
    }
    const Diagnosis diagnosis = diagnosed(one.made);
    if (!diagnosis.decided) {
      std::cout << name << ": refused, " << diagnosis.refusal << '\n';
      continue;
    }
    ++decided;
    EXPECT_TRUE(is_right(one, diagnosis))
        << name << " was called " << name_of(diagnosis.primary().what) << ": " << diagnosis.primary().evidence;
  }
  EXPECT_GT(decided, 0);
}

TEST(SyntheticTest, PartsRunBesideEachOtherAndTakeTheirTime) {
  SyntheticCase made;
  made.fetch = made.decode = 2;
  made.preparation = Work::kSleep;
  made.forward = 3;
  SyntheticPipeline pipeline(made);
  const auto step_ms = [&](Experiment experiment) {
    const Window window = pipeline.run({experiment}, 0.05);
    return 1e3 * window.seconds / static_cast<double>(window.steps);
  };
  // Sleeps end late at worst, so only the lower bounds are sure.
  EXPECT_GE(step_ms(Experiment::kFull), 2.9);
  EXPECT_GE(step_ms(Experiment::kDrain), 1.9);
  EXPECT_LT(step_ms(Experiment::kTiny), step_ms(Experiment::kFull));
}

TEST(SyntheticTest, VariationHasMeanOneAndTheGivenSpread) {
  double sum = 0, squares = 0;
  constexpr int kBatches = 20000;
  for (int i = 0; i < kBatches; ++i) {
    const double value = variation(0.5, 1, 0, i);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kBatches;
  EXPECT_NEAR(mean, 1, 0.02);
  EXPECT_NEAR(std::sqrt(squares / kBatches - mean * mean) / mean, 0.5, 0.03);
  EXPECT_EQ(variation(0, 1, 0, 5), 1);
  EXPECT_EQ(variation(0.5, 1, 0, 5), variation(0.5, 1, 0, 5));
}

}  // namespace
}  // namespace hasten::diagnose
