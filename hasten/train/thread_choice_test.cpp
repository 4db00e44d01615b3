// Choosing threads: who is asked, what is left behind.
#include "hasten/train/thread_choice.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "hasten/evaluate/record_io.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

const Registry& nothing_registered() {
  static const Registry registry{std::vector<MethodEntry>{}};
  return registry;
}

Plan plan_with(const Json& change) {
  Json json = testing::small_recipe();
  json.merge_patch(change);
  return plan_run(recipe_from_json(json, nothing_registered().catalogue()), nothing_registered()).plan;
}

class ThreadChoiceTest : public ::testing::Test {
 protected:
  ~ThreadChoiceTest() override { at::set_num_threads(before_); }
  int before_ = at::get_num_threads();
};

TEST_F(ThreadChoiceTest, LargeStepsHaveAllThreadsUnasked) {
  at::set_num_threads(7);
  EXPECT_EQ(fastest_threads(plan_with({{"model", {{"widths", {512, 512}}}}}), 7), 7);
  EXPECT_EQ(at::get_num_threads(), 7) << "not touched";
}

TEST_F(ThreadChoiceTest, ASmallStepHasOneOrAllAndNothingElseChanges) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer does not see the barriers of OpenMP's threads";
#endif
  const at::Tensor random = random_state();
  const int chosen = fastest_threads(plan_with(Json::object()), 2);
  EXPECT_TRUE(chosen == 1 || chosen == 2) << chosen;
  EXPECT_EQ(at::get_num_threads(), chosen);
  EXPECT_TRUE(random.equal(random_state())) << "draws of the run are its own";
  EXPECT_EQ(fastest_threads(plan_with(Json::object()), 1), 1);
}

// The ratios are given in turn; how many were asked for.
std::pair<bool, size_t> choice(const std::vector<double>& ratios) {
  size_t asked = 0;
  const bool one = one_will_do([&] { return ratios.at(asked++ % ratios.size()); });
  return {one, asked};
}

TEST_F(ThreadChoiceTest, RoundsThatDisagreeAreFollowedByMore) {
  using Choice = std::pair<bool, size_t>;
  EXPECT_EQ(choice({0.7}), Choice(true, 5));
  EXPECT_EQ(choice({1.4}), Choice(false, 5));
  EXPECT_EQ(choice({1.03}), Choice(true, 5)) << "all are not clearly faster";
  EXPECT_EQ(choice({0.7, 1.4, 0.7, 0.7, 0.7}), Choice(true, 5)) << "one disturbed round";
  EXPECT_EQ(choice({1.4, 0.7, 0.7, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4}), Choice(false, 10)) << "two of the first five";
  EXPECT_EQ(choice({0.7, 1.4}), Choice(true, 15)) << "8 of 15";
}

TEST_F(ThreadChoiceTest, AResumedRunKeepsWhatItHad) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer does not see the barriers of OpenMP's threads";
#endif
  testing::TemporaryDirectory dir;
  TrainOptions options;
  options.out = dir.path() / "run";
  options.choose_threads = true;
  std::atomic<bool> stop{true};
  options.stop = &stop;
  const Recipe recipe = recipe_from_json(testing::small_recipe(), nothing_registered().catalogue());
  at::set_num_threads(2);
  Trainer(recipe, nothing_registered(), options).run();
  evaluate::RunRecord record = evaluate::read_run(options.out).record;
  ASSERT_EQ(record.hardware.threads, at::get_num_threads());
  record.hardware.threads = 3;
  evaluate::write_run_record(options.out, record);
  options.resume = true;
  Trainer resumed(recipe, nothing_registered(), options);
  EXPECT_EQ(at::get_num_threads(), 3);
}

}  // namespace
}  // namespace hasten
