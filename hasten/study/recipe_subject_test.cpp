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
#include "hasten/study/examine.h"
#include "hasten/study/test_images.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

using diagnose::Experiment;
using testing::TemporaryDirectory;
using P = diagnose::Part;

const Registry& no_methods() {
  static const Registry registry{std::vector<MethodEntry>{}};
  return registry;
}

Recipe recipe_of(const Json& document) { return recipe_from_json(document, no_methods().catalogue()); }

Json streamed_recipe(const std::filesystem::path& folder) {
  Json recipe = testing::small_recipe();
  recipe["workload"] = {{"dataset", "images"}, {"metric", "test/accuracy"}};
  recipe["data"] = {{"path", folder.string()}, {"flip", "random"}};
  recipe["loader"] = {{"residence", "stream"}, {"workers", 2}, {"augment", "sample"}};
  recipe["batch"] = {{"size", 8}};
  return recipe;
}

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

TEST(ExamineTest, FromARecipeToAdviceThatIsTried) {
  TemporaryDirectory folder;
  testing::write_images(folder.path(), 16, 32);
  const EditRecipe edit = [&](const RecipeEdits& edits) {
    Json document = streamed_recipe(folder.path());
    apply_edits(document, edits);
    return recipe_from_json(document, no_methods().catalogue());
  };
  ExamineOptions options;
  options.session.seconds = 0.5;
  options.session.least_window_s = 0.002;
  options.attempts = {"loader.residence=memory", "batch.size=16", "nonsense.key=1"};
  const diagnose::Examination found = examine(edit, no_methods(), options);
  EXPECT_GE(found.measurements.rounds.size(), 3u);
  EXPECT_FALSE(found.diagnosis.findings.empty());
  ASSERT_EQ(found.realised.size(), 3u);
  EXPECT_TRUE(found.realised[0].remedy.predicted);
  EXPECT_GT(found.realised[0].gain, 0);
  EXPECT_GT(found.realised[1].gain, 0);
  EXPECT_NE(found.realised[2].failed.find("nonsense"), std::string::npos) << found.realised[2].failed;
  EXPECT_FALSE(std::filesystem::exists("runs"));
}

// Counts steps, or fails in them as it is told.
struct ProbeParams {
  static constexpr auto schema() { return std::tuple{}; }
};
class Probe final : public MethodOf<ProbeParams> {
 public:
  using MethodOf::MethodOf;
  void on(Event, State&) override {
    ++steps;
    if (fails) throw ConfigError("fails", "a method that works", "this one");
    TORCH_CHECK(!fails_below, "no kernel for this");
  }
  void state(StateVisitor&) override {}
  static inline int64_t steps = 0;
  static inline bool fails = false, fails_below = false;
};

const Registry& probing() {
  static const MethodSpec spec{.name = "probe",
                               .summary = "test",
                               .component = Component::kAlgorithm,
                               .verbs = {Verb::kRetrofit},
                               .uses = {{Event::kBeforeUpdate, Phase::kObserve}},
                               .params = describe<ProbeParams>()};
  static const Registry registry{std::vector<MethodEntry>{
      {spec, +[](const ProbeParams& params) -> std::unique_ptr<Method> { return std::make_unique<Probe>(params); }}}};
  return registry;
}

Recipe probed_recipe(const RecipeEdits& edits = {}) {
  Json document = testing::small_recipe();
  document["method"] = {{{"name", "probe"}}};
  apply_edits(document, edits);
  return recipe_from_json(document, probing().catalogue());
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

ExamineOptions short_options() {
  ExamineOptions options;
  options.session.seconds = 0.3;
  options.session.least_window_s = 0.002;
  return options;
}

bool has_note(const diagnose::Examination& found, const std::string& words) {
  return std::any_of(found.notes.begin(), found.notes.end(),
                     [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

TEST(ExamineTest, AnInterruptionGivesWhatIsKnown) {
  std::atomic<bool> stop{true};
  ExamineOptions options = short_options();
  options.session.stop = &stop;
  EXPECT_THROW(examine(probed_recipe, probing(), options), ExamineInterrupted);
  stop = false;
  options.attempts = {"batch.size=16"};
  options.announce_remedy = [&](const diagnose::Remedy&) { stop = true; };
  const diagnose::Examination found = examine(probed_recipe, probing(), options);
  EXPECT_FALSE(found.diagnosis.findings.empty());
  EXPECT_TRUE(found.realised.empty());
  EXPECT_TRUE(has_note(found, "batch.size=16 was being tried"));
}

TEST(ExamineTest, WithoutAVerdictOnlyWhatIsNamedIsTried) {
  ExamineOptions options = short_options();
  options.session.least_rounds = options.session.most_rounds = 2;
  options.apply = true;
  options.attempts = {"batch.size=16"};
  const diagnose::Examination found = examine(probed_recipe, probing(), options);
  ASSERT_EQ(found.realised.size(), 1u);
  EXPECT_EQ(found.realised[0].remedy.candidate.name, "batch.size=16");
  EXPECT_TRUE(has_note(found, "--apply tried nothing"));
}

// The packed copy is trained from, gone afterwards, and the source is what it was.
TEST(ExamineTest, PackingIsTriedOnACopy) {
  TemporaryDirectory folder, scratch;
  testing::write_images(folder.path(), 16, 32);
  const auto files = [&](const std::filesystem::path& path) {
    return std::distance(std::filesystem::recursive_directory_iterator(path), {});
  };
  const auto before = files(folder.path());
  std::vector<std::string> paths;
  const EditRecipe edit = [&](const RecipeEdits& edits) {
    Json document = streamed_recipe(folder.path());
    apply_edits(document, edits);
    paths.push_back(document["data"]["path"]);
    EXPECT_TRUE(std::filesystem::exists(paths.back()));
    return recipe_from_json(document, no_methods().catalogue());
  };
  const char* usual = std::getenv("TMPDIR");
  const std::string kept = usual == nullptr ? "" : usual;
  setenv("TMPDIR", scratch.path().c_str(), 1);
  ExamineOptions options;
  options.session.seconds = 0.5;
  options.session.least_window_s = 0.002;
  options.apply = true;
  options.most_applied = 0;
  options.attempts = {"data pack"};
  const diagnose::Examination found = examine(edit, no_methods(), options);
  if (usual == nullptr) unsetenv("TMPDIR");
  else setenv("TMPDIR", kept.c_str(), 1);
  ASSERT_EQ(found.realised.size(), 1u);
  EXPECT_EQ(found.realised[0].failed, "");
  EXPECT_TRUE(found.realised[0].remedy.candidate.packs);
  EXPECT_NE(found.realised[0].remedy.candidate.note.find("--format raw"), std::string::npos);
  EXPECT_GT(found.realised[0].gain, 0);
  EXPECT_TRUE(std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return path.starts_with(scratch.path().string());
  })) << "it trained from the copy";
  EXPECT_EQ(files(scratch.path()), 0);
  EXPECT_EQ(files(folder.path()), before);
}

TEST(ExamineTest, ARecipeThatFailsNamesTheExperiment) {
  for (bool* fails : {&Probe::fails, &Probe::fails_below}) {
    *fails = true;
    try {
      examine(probed_recipe, probing(), short_options());
      ADD_FAILURE() << "it works";
    } catch (const ConfigError& error) {
      EXPECT_NE(error.where().find("experiment R0 (nothing)"), std::string::npos) << error.where();
      const std::string& says = fails == &Probe::fails ? error.where() : error.got();
      EXPECT_NE(says.find(fails == &Probe::fails ? "fails" : "no kernel for this"), std::string::npos) << says;
      EXPECT_EQ(error.got().find("frame #"), std::string::npos) << "no stack of calls";
    }
    *fails = false;
  }
}

}  // namespace
}  // namespace hasten
