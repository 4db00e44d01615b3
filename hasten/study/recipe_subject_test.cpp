// Experiments on real recipes: each does what it says, and none changes anything.
#include "hasten/study/recipe_subject.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "hasten/base/error.h"
#include "hasten/core/state_hashes.h"
#include "hasten/optim/optimizer.h"
#include "hasten/spec/plan.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/study/test_images.h"
#include "hasten/study/test_recipes.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

using diagnose::Experiment;
using testing::no_methods;
using testing::Probe;
using testing::probed_recipe;
using testing::probing;
using testing::recipe_of;
using testing::streamed_recipe;
using testing::TemporaryDirectory;
using P = diagnose::Part;

std::map<std::string, std::string> weights(RecipeSubject& subject) {
  StateHashes visitor;
  subject.driver().state().optimizers->each_group([&](const Optimizer&, UpdateGroup& group) {
    for (size_t i = 0; i < group.names.size(); ++i) visitor.tensor(group.names[i], group.parameters[i]);
  });
  return visitor.values();
}

void run_all(RecipeSubject& subject, std::vector<Experiment>& made) {
  for (size_t i = 0; i < diagnose::kExperiments; ++i) {
    const auto experiment = static_cast<Experiment>(i);
    if (!subject.cannot(experiment).empty()) continue;
    const diagnose::Window window = subject.run({experiment, 1e-3}, 0.005);
    EXPECT_GT(window.steps, 0) << diagnose::info(experiment).id;
    EXPECT_GT(window.seconds, 0) << diagnose::info(experiment).id;
    made.push_back(experiment);
  }
}

bool holds(const std::vector<Experiment>& made, Experiment one) {
  return std::find(made.begin(), made.end(), one) != made.end();
}

TEST(RecipeSubjectTest, InMemoryExperimentsLearnNothing) {
  RecipeSubject subject(recipe_of(testing::small_recipe()), no_methods(), {});
  const auto before = weights(subject);
  std::vector<Experiment> made;
  run_all(subject, made);
  run_all(subject, made);
  for (Experiment one :
       {Experiment::kFull, Experiment::kResident, Experiment::kDrain, Experiment::kForward,
        Experiment::kForwardBackward, Experiment::kHalfBatch, Experiment::kDoubleBatch, Experiment::kHalfPrecision,
        Experiment::kTiny, Experiment::kNoAugment, Experiment::kDelayPrepare, Experiment::kDelayCompute})
    EXPECT_TRUE(holds(made, one)) << diagnose::info(one).id;
  EXPECT_FALSE(holds(made, Experiment::kDelayFetch));
  EXPECT_EQ(weights(subject), before) << "learning rates are zero";
  EXPECT_EQ(subject.facts().chains.size(), 1u);
  EXPECT_FALSE(subject.resident_share());
}

// As a graph of a device would, but what is replayed is only counted.
class CountedGraph final : public StepGraph {
 public:
  void record(const std::function<void()>& body) override { body(); }
  void replay() override { ++replays; }
  static inline int64_t replays = 0;
};

TEST(RecipeSubjectTest, GraphsAreComparedWithGraphsOnly) {
  SubjectOptions options;
  options.step_graphs = [] { return std::make_unique<CountedGraph>(); };
  RecipeSubject subject(recipe_of(testing::small_recipe()), no_methods(), options);
  for (Experiment one : {Experiment::kForward, Experiment::kForwardBackward, Experiment::kTiny})
    EXPECT_NE(subject.cannot(one).find("graphs"), std::string::npos) << diagnose::info(one).id;
  for (Experiment one : {Experiment::kFull, Experiment::kResident, Experiment::kHalfBatch, Experiment::kFull,
                         Experiment::kDoubleBatch, Experiment::kHalfPrecision, Experiment::kResident}) {
    ASSERT_EQ(subject.cannot(one), "");
    const int64_t before = CountedGraph::replays;
    const diagnose::Window window = subject.run({one}, 0.01);
    EXPECT_GE(CountedGraph::replays - before, window.steps) << diagnose::info(one).id << ": no step was run as it is";
  }
}

TEST(RecipeSubjectTest, DelaysAreAsLongAsTheySay) {
  RecipeSubject subject(recipe_of(testing::small_recipe()), no_methods(), {});
  const auto a_step = [&](Experiment experiment, double delay) {
    const diagnose::Window window = subject.run({experiment, delay}, 0.05);
    return window.seconds / static_cast<double>(window.steps);
  };
  // Far longer than the step itself, so that noise does not matter; and a delay cannot be shorter.
  EXPECT_GT(a_step(Experiment::kDelayCompute, 0.03), 0.03);
  EXPECT_GT(a_step(Experiment::kDelayPrepare, 0.03), 0.03);
}

TEST(RecipeSubjectTest, StreamedExperimentsHaveLoadersOfTheirOwn) {
  TemporaryDirectory folder;
  testing::write_images(folder.path(), 16, 32);
  RecipeSubject subject(recipe_of(streamed_recipe(folder.path())), no_methods(), {.drop_caches = true});
  EXPECT_EQ(subject.facts().chains.size(), 2u);
  EXPECT_EQ(subject.facts().workers, 2);
  std::vector<Experiment> made;
  run_all(subject, made);
  run_all(subject, made);
  for (Experiment one :
       {Experiment::kFull, Experiment::kResidentBesideLoader, Experiment::kDrain, Experiment::kDrainRead,
        Experiment::kDrainDecode, Experiment::kCold, Experiment::kNoAugment, Experiment::kDelayFetch,
        Experiment::kDelayPrepare, Experiment::kDeepReadAhead, Experiment::kFewerWorkers})
    EXPECT_TRUE(holds(made, one)) << diagnose::info(one).id;
  EXPECT_EQ(subject.cannot(Experiment::kCached), "the files lie in memory already");
  EXPECT_GT(subject.resident_share().value_or(0), 0.99);
  EXPECT_GT(subject.run({Experiment::kCached}, 0.005).steps, 0) << "its samples were read";
  const diagnose::Window drained = subject.run({Experiment::kDrain}, 0.02);
  ASSERT_TRUE(drained.busy_s);
  EXPECT_GT((*drained.busy_s)[static_cast<size_t>(P::kDecode)], 0);
  EXPECT_GT((*drained.busy_s)[static_cast<size_t>(P::kAssemble)], 0);
}

TEST(RecipeSubjectTest, ADelayInTheLoaderIsOneOfTheWholeStep) {
  TemporaryDirectory folder;
  testing::write_images(folder.path(), 16, 32);
  RecipeSubject subject(recipe_of(streamed_recipe(folder.path())), no_methods(), {});
  for (Experiment experiment : {Experiment::kDelayFetch, Experiment::kDelayPrepare}) {
    // The loader is slower than the step then, so its pace is seen: the delay and what it takes itself. Batches that
    // were made while this thread did not run shorten a window; of one thread's delay a step would take 0.02.
    const diagnose::Window window = subject.run({experiment, 0.04}, 1.2);
    EXPECT_GT(window.seconds / static_cast<double>(window.steps), 0.03) << diagnose::info(experiment).id;
  }
}

TEST(RecipeSubjectTest, ThreadsAreAsBeforeAfterwards) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer does not see the barriers of OpenMP's threads";
#endif
  const int threads = at::get_num_threads();
  at::set_num_threads(2);
  RecipeSubject subject(recipe_of(testing::small_recipe()), no_methods(), {});
  subject.run({Experiment::kOneThread}, 0.005);
  EXPECT_EQ(at::get_num_threads(), 2);
  at::set_num_threads(threads);
}

TEST(RecipeSubjectTest, ProfileAndRooflineAreOfTheStep) {
  RecipeSubject subject(recipe_of(testing::small_recipe()), no_methods(), {});
  const auto profile = subject.profile();
  ASSERT_TRUE(profile);
  double flops = 0;
  for (const diagnose::OperatorCost& one : profile->operators) flops += one.flops;
  // Forward and backward of the plan; what is left out is the gradient of the first layer's input.
  const double planned = training_flops_per_sample(subject.driver().plan()) * 32;
  EXPECT_NEAR(flops / planned, 1, 0.05);
  EXPECT_NEAR(subject.roofline()->flops, flops, 1);
  EXPECT_GT(profile->peak_bytes_per_s, 0);
}

// The address space is too small for two batches of this width. What is larger than 32 MB the C library always maps
// anew and gives back; smaller tensors may come out of what it kept.
TEST(RecipeSubjectTest, OutOfMemoryIsTheLimitOfTheBatch) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer has no memory left either, and ends the program";
#endif
  Json recipe = testing::small_recipe();
  recipe["model"] = {{"family", "mlp"}, {"widths", {140000}}};
  recipe["batch"]["size"] = 64;
  RecipeSubject subject(recipe_of(recipe), no_methods(), {});
  subject.run({Experiment::kResident}, 0.001);
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  rlimit tight = before;
  tight.rlim_cur = pages * 4096 + (16 << 20);  // a batch's activations are 36 MB each, and several live at once
  setrlimit(RLIMIT_AS, &tight);
  EXPECT_THROW(subject.run({Experiment::kDoubleBatch}, 0.001), std::bad_alloc);
  setrlimit(RLIMIT_AS, &before);
  EXPECT_EQ(subject.memory().batch, "128 does not fit");
  subject.run({Experiment::kResident}, 0.001);
}

// The kernel would end a program that takes more than there is, so that is not tried.
TEST(RecipeSubjectTest, WhatMayNotFitIsNotTried) {
  Json recipe = testing::small_recipe();
  recipe["model"] = {{"family", "mlp"}, {"widths", {100000}}};
  RecipeSubject little(recipe_of(recipe), no_methods(), {.memory_bytes = 1 << 20});
  little.run({Experiment::kResident}, 0.001);
  EXPECT_THROW(little.run({Experiment::kDoubleBatch}, 0.001), std::bad_alloc);
  EXPECT_EQ(little.memory().batch, "64 does not fit");
  RecipeSubject enough(recipe_of(recipe), no_methods(), {.memory_bytes = int64_t{1} << 40});
  enough.run({Experiment::kDoubleBatch}, 0.001);
  EXPECT_EQ(enough.memory().batch, "64 fits");
}

TEST(RecipeSubjectTest, WhatIsNewIsWarmedUpLonger) {
  RecipeSubject subject(probed_recipe(), probing(), {});
  const auto warmed = [&] {
    Probe::steps = 0;
    const int64_t timed = subject.run({Experiment::kResident}, 0.4).steps;
    return Probe::steps - timed;
  };
  const int64_t first = warmed();  // ten, or what 0.4 s have room for
  EXPECT_GE(first, 3);
  EXPECT_LE(first, 10);
  EXPECT_EQ(warmed(), 1);
}

}  // namespace
}  // namespace hasten
