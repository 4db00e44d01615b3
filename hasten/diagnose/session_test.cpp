// Rounds of a subject that takes no time, and what is made of them.
#include "hasten/diagnose/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <set>

#include "hasten/base/error.h"
#include "hasten/diagnose/test_measurements.h"

namespace hasten::diagnose {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using E = Experiment;

// Answers from a table, at once.
class TableSubject : public Subject {
 public:
  const Facts& facts() const override { return facts_; }
  std::string cannot(Experiment experiment) override { return times.count(experiment) != 0 ? "" : "not in the table"; }
  Window run(const Trial& trial, double seconds) override {
    trials.push_back(trial);
    asked_s[trial.experiment] = seconds;
    if (before) before(trial);
    return test::window_of(times.at(trial.experiment) + (trial.delay_s > 0 ? 1e3 * trial.delay_s : 0));
  }

  test::StepTimes times{{E::kFull, 10}, {E::kResident, 8}, {E::kDoubleBatch, 16}, {E::kDelayCompute, 10}};
  std::function<void(const Trial&)> before;
  std::vector<Trial> trials;
  std::map<Experiment, double> asked_s;

 private:
  Facts facts_;
};

SessionOptions few_rounds(int64_t rounds = 5) {
  SessionOptions options;
  options.seconds = 1;
  options.least_rounds = options.most_rounds = rounds;
  return options;
}

TEST(SessionTest, MakesEveryPossibleExperimentInEveryRound) {
  TableSubject subject;
  const Measurements measurements = measure(subject, few_rounds());
  ASSERT_EQ(measurements.rounds.size(), 5U);
  for (const Round& round : measurements.rounds) EXPECT_EQ(round.size(), 4U);
  EXPECT_EQ(measurements.left_out.size(), kExperiments - 4);
  EXPECT_EQ(measurements.left_out.at(E::kDrain), "not in the table");
  std::set<Experiment> first;
  for (size_t round = 0; round < 4; ++round) first.insert(subject.trials[1 + 4 * round].experiment);
  EXPECT_EQ(first.size(), 4U) << "each begins a round once";
}

TEST(SessionTest, DelaysAreAShareOfTheStepAndOnlyWhereTheyBelong) {
  TableSubject subject;
  const Measurements measurements = measure(subject, few_rounds());
  EXPECT_NEAR(measurements.delay_s, 1.5e-3, 1e-12);
  for (const Trial& trial : subject.trials) EXPECT_EQ(trial.delay_s > 0, trial.experiment == E::kDelayCompute);
  EXPECT_NEAR(Times(measurements).get(E::kDelayCompute), 11.5e-3, 1e-12);
}

TEST(SessionTest, WhatAllAreComparedWithHasLongerWindows) {
  TableSubject subject;
  measure(subject, few_rounds());
  EXPECT_GT(subject.asked_s.at(E::kFull), 2 * subject.asked_s.at(E::kResident));
}

TEST(SessionTest, EndsEarlyWhenTheAnswersAreTight) {
  TableSubject subject;
  SessionOptions options;
  options.seconds = 1000;
  EXPECT_EQ(measure(subject, options).rounds.size(), 5U);
}

TEST(SessionTest, GoesOnWhileTheyAreNotAndThereIsTime) {
  TableSubject subject;
  subject.before = [&](const Trial&) { subject.times[E::kResident] = subject.trials.size() % 3 == 0 ? 6 : 9; };
  SessionOptions options;
  options.seconds = 1000;
  options.most_rounds = 12;
  const Measurements measurements = measure(subject, options);
  ASSERT_EQ(measurements.rounds.size(), 12U);
  EXPECT_EQ(measurements.rounds[4].count(E::kDoubleBatch), 1U);
  for (size_t round = 5; round < 12; ++round) {
    EXPECT_EQ(measurements.rounds[round].count(E::kDoubleBatch), 0U) << "the time goes where it decides";
    EXPECT_EQ(measurements.rounds[round].size(), 2U) << "R0 and R1";
  }
  options.seconds = 0;
  EXPECT_EQ(measure(subject, options).rounds.size(), 3U) << "half of the least number is made, whatever the time";
}

// What is made in the sixth round, where R1 takes `resident` ms of R0's ten and `noisy` is known to nothing like enough.
std::set<E> made_when_all_is_known(double resident, E noisy) {
  TableSubject subject;
  subject.times = {{E::kFull, 10}, {E::kResident, resident}, {E::kDrain, 9},          {E::kCached, 9},
                   {E::kTiny, 2},  {E::kDeepReadAhead, 9},   {E::kForwardBackward, 6}};
  const double middle = subject.times.at(noisy);
  subject.before = [&](const Trial& trial) {
    if (trial.experiment == E::kFull)
      subject.times[noisy] = subject.trials.size() % 3 == 0 ? 0.6 * middle : 1.4 * middle;
  };
  SessionOptions options;
  options.seconds = 1000;
  options.most_rounds = 6;
  const Measurements measurements = measure(subject, options);
  std::set<E> made;
  if (measurements.rounds.size() < 6) return made;
  for (const auto& [experiment, window] : measurements.rounds[5]) made.insert(experiment);
  EXPECT_EQ(subject.asked_s[E::kResident], subject.asked_s[E::kFull]) << "the pair is compared now";
  return made;
}

TEST(SessionTest, TheTimeThatIsLeftGoesToTheOpenQuestion) {
  EXPECT_EQ(made_when_all_is_known(7, E::kDeepReadAhead),
            (std::set{E::kFull, E::kResident, E::kDrain, E::kCached, E::kDeepReadAhead}))
      << "training waits; for what?";
  EXPECT_EQ(made_when_all_is_known(10, E::kForwardBackward),
            (std::set{E::kFull, E::kResident, E::kForwardBackward, E::kTiny}))
      << "nothing is waited for; is it the device's own work?";
  EXPECT_EQ(made_when_all_is_known(9, E::kResident), (std::set{E::kFull, E::kResident})) << "is anything waited for?";
  EXPECT_EQ(made_when_all_is_known(7, E::kForwardBackward), std::set<E>{}) << "what nobody asks is known well enough";
}

TEST(SessionTest, OutOfMemoryLeavesAnExperimentOut) {
  TableSubject subject;
  int64_t tries = 0;
  subject.before = [&](const Trial& trial) {
    if (trial.experiment != E::kDoubleBatch) return;
    ++tries;
    throw std::bad_alloc();
  };
  const Measurements measurements = measure(subject, few_rounds());
  EXPECT_EQ(measurements.left_out.at(E::kDoubleBatch), "out of memory");
  EXPECT_EQ(tries, 1) << "it is not tried again";
  EXPECT_FALSE(Times(measurements).has(E::kDoubleBatch));
  EXPECT_TRUE(Times(measurements).has(E::kResident));
}

TEST(SessionTest, ErrorsNameTheExperiment) {
  TableSubject subject;
  subject.before = [](const Trial& trial) {
    if (trial.experiment == E::kResident) throw ConfigError("model", "a finite loss", "nan", "a smaller rate");
  };
  try {
    measure(subject, few_rounds());
    FAIL() << "it should have thrown";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.where(), AllOf(HasSubstr("experiment R1"), HasSubstr("model")));
    EXPECT_EQ(error.got(), "nan");
    EXPECT_EQ(error.hint(), "a smaller rate");
  }
  subject.before = [](const Trial&) { throw DataError("a.jpg", "byte 16", "not a JPEG file"); };
  try {
    measure(subject, few_rounds());
    FAIL() << "it should have thrown";
  } catch (const DataError& error) {
    EXPECT_EQ(error.path(), "a.jpg");
    EXPECT_THAT(error.location(), AllOf(HasSubstr("experiment R0"), HasSubstr("byte 16")));
  }
  subject.before = [](const Trial&) { throw std::runtime_error("shapes differ"); };
  EXPECT_THROW(measure(subject, few_rounds()), ConfigError);
}

// As LibTorch's: of no kind that is known here, and no std::runtime_error.
class ForeignError : public std::exception {
 public:
  const char* what() const noexcept override { return "not implemented for 'BFloat16'"; }
};

TEST(SessionTest, ErrorsOfLibrariesNameTheExperimentOrLeaveItOut) {
  TableSubject subject;
  subject.times[E::kHalfPrecision] = 5;
  int64_t tries = 0;
  subject.before = [&](const Trial& trial) {
    if (trial.experiment != E::kHalfPrecision) return;
    ++tries;
    throw ForeignError();
  };
  const Measurements measurements = measure(subject, few_rounds());
  EXPECT_EQ(measurements.rounds.size(), 5U);
  EXPECT_EQ(measurements.left_out.at(E::kHalfPrecision), "it failed: not implemented for 'BFloat16'");
  EXPECT_EQ(tries, 1) << "it is not tried again";
  subject.before = [](const Trial& trial) {
    if (trial.experiment == E::kResident) throw ForeignError();
  };
  try {
    measure(subject, few_rounds());
    FAIL() << "a verdict rests on R1";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.where(), HasSubstr("experiment R1"));
    EXPECT_EQ(error.got(), "not implemented for 'BFloat16'");
  }
  subject.before = [](const Trial&) { throw InternalError("a bug"); };
  EXPECT_THROW(measure(subject, few_rounds()), InternalError);
}

class BadProfileSubject : public TableSubject {
 public:
  std::optional<OperatorProfile> profile() override {
    if (out_of_memory) throw std::bad_alloc();
    throw ForeignError();
  }
  bool out_of_memory = false;
};

TEST(SessionTest, ErrorsOfTheProfileSayThatItIsOne) {
  BadProfileSubject subject;
  try {
    measure(subject, few_rounds());
    FAIL() << "it should have thrown";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.where(), "operator profile");
  }
  subject.out_of_memory = true;
  const Measurements measurements = measure(subject, few_rounds());
  EXPECT_FALSE(measurements.profile);
  EXPECT_EQ(measurements.rounds.size(), 5U);
}

TEST(SessionTest, AStepThatDoesNotFitInMemoryIsTheRecipesError) {
  TableSubject subject;
  for (const size_t works : {0U, 6U}) {
    subject.trials.clear();
    subject.before = [&](const Trial& trial) {
      if (trial.experiment == E::kFull && subject.trials.size() > works) throw std::bad_alloc();
    };
    try {
      measure(subject, few_rounds());
      FAIL() << "it should have thrown";
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.where(), "experiment R0");
      EXPECT_THAT(error.hint(), HasSubstr("batch.size"));
    }
  }
}

TEST(SessionTest, WhatForgetsTheFilesComesAfterAllRounds) {
  TableSubject subject;
  subject.times[E::kCold] = 20;
  const Measurements measurements = measure(subject, few_rounds());
  const size_t before = subject.trials.size() - 5;
  for (size_t i = 0; i < subject.trials.size(); ++i)
    EXPECT_EQ(subject.trials[i].experiment == E::kCold, i >= before) << i;
  for (const Round& round : measurements.rounds) EXPECT_EQ(round.count(E::kCold), 1U);
  EXPECT_NEAR(Times(measurements).get(E::kCold), 20e-3, 1e-12);
}

TEST(SessionTest, AStopGivesWhatIsKnown) {
  TableSubject subject;
  std::atomic<bool> stop{false};
  SessionOptions options = few_rounds(40);
  options.stop = &stop;
  std::vector<int64_t> announced;
  options.announce = [&](Experiment, int64_t round, double) { announced.push_back(round); };
  subject.before = [&](const Trial&) { stop = subject.trials.size() > 14; };
  const Measurements measurements = measure(subject, options);
  EXPECT_TRUE(measurements.interrupted);
  ASSERT_EQ(measurements.rounds.size(), 4U);
  EXPECT_LT(measurements.rounds.back().size(), 4U) << "the last one is not whole";
  EXPECT_EQ(announced.back(), 3);
  EXPECT_NEAR(Times(measurements).get(E::kResident), 8e-3, 1e-12);
}

TEST(TimesTest, ComparesWithinARoundSoThatDriftCancels) {
  Measurements measurements = test::measured({{E::kFull, 10}, {E::kResident, 5}});
  for (size_t i = 0; i < 5; ++i) {
    // The machine becomes slower and slower; one window was disturbed.
    for (auto& [experiment, window] : measurements.rounds[i]) window.seconds *= 1 + 0.1 * static_cast<double>(i);
  }
  measurements.rounds[1][E::kResident].seconds *= 3;
  const Times times(measurements);
  EXPECT_NEAR(times.get(E::kResident) / times.get(E::kFull), 0.5, 1e-9);
  EXPECT_NEAR(times.get(E::kFull), 12e-3, 1e-9);
}

TEST(TimesTest, WhatWasMadeOnceIsKnownInEveryDraw) {
  Measurements measurements = test::measured({{E::kFull, 10}, {E::kResident, 5}});
  measurements.rounds[3][E::kHostBatch] = test::window_of(7);
  const std::vector<size_t> others{0, 1, 2, 4, 4};
  EXPECT_NEAR(Times(measurements, others).get(E::kHostBatch), 7e-3, 1e-12);
  EXPECT_FALSE(Times(measurements, others).has(E::kGraph));
}

TEST(TimesTest, TakesClocksOfTheDrainedLoader) {
  const Times times(test::measured(test::quiet(), test::quiet_loader()));
  ASSERT_TRUE(times.drained.has_value());
  EXPECT_NEAR((*times.drained)[static_cast<size_t>(Part::kDecode)], 2e-3, 1e-12);
  EXPECT_FALSE(times.full.has_value());
  EXPECT_FALSE(times.has(E::kGraph));
  EXPECT_THROW(static_cast<void>(times.get(E::kGraph)), InternalError);
}

TEST(DrawRoundsTest, DrawsBlocksOfNeighboursAndRepeatsItself) {
  for (const size_t count : {1U, 2U, 5U, 8U, 27U}) {
    const std::vector<size_t> drawn = draw_rounds(count, 7);
    ASSERT_EQ(drawn.size(), count);
    EXPECT_EQ(drawn, draw_rounds(count, 7));
    for (const size_t round : drawn) EXPECT_LT(round, count);
  }
  const std::vector<size_t> drawn = draw_rounds(27, 3);
  for (size_t i = 0; i + 2 < 27; i += 3) {
    EXPECT_EQ(drawn[i + 1], drawn[i] + 1);
    EXPECT_EQ(drawn[i + 2], drawn[i] + 2);
  }
  EXPECT_NE(draw_rounds(27, 3), draw_rounds(27, 4));
}

TEST(MedianTest, OfEvenAndOddCounts) {
  EXPECT_DOUBLE_EQ(median({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_TRUE(std::isnan(median({})));
}

}  // namespace
}  // namespace hasten::diagnose
