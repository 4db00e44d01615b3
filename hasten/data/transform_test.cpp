// Augmentation: what flips and shifts do, that it depends on the sample alone, and the order of a chain.
#include "hasten/data/transform.h"

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/reflection_pad2d.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <stdexcept>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"

namespace hasten {
namespace {

Batch random_batch(int64_t count, int64_t channels, int64_t first_id = 0) {
  Batch batch;
  batch.ids.resize(static_cast<size_t>(count));
  std::iota(batch.ids.begin(), batch.ids.end(), first_id);
  batch.inputs = channels_last(at::rand({count, channels, 6, 7}));
  batch.labels = at::arange(count, at::kLong);
  return batch;
}

Batch copy(const Batch& batch) {
  Batch out = batch;
  out.inputs = batch.inputs.clone();
  return out;
}

TEST(FlipTest, EachImageIsItselfOrItsMirrorImage) {
  for (int64_t channels : {1, 3}) {
    Batch batch = random_batch(200, channels), original = copy(batch);
    flip_images(batch, 1);
    int mirrored = 0;
    for (int64_t i = 0; i < batch.size(); ++i) {
      bool same = at::equal(batch.inputs[i], original.inputs[i]);
      bool mirror = at::equal(batch.inputs[i], original.inputs[i].flip(2));
      ASSERT_TRUE(same || mirror) << i;
      mirrored += mirror ? 1 : 0;
    }
    EXPECT_NEAR(mirrored, 100, 30);
    Batch next = copy(original);
    next.epoch = 1;
    flip_images(next, 1);
    EXPECT_FALSE(at::equal(next.inputs, batch.inputs)) << "a new coin each epoch";
  }
}

TEST(TranslateTest, EachImageIsAShiftWithReflection) {
  const int64_t pixels = 2;
  for (int64_t channels : {1, 3}) {
    Batch batch = random_batch(150, channels), original = copy(batch);
    translate_images(batch, pixels, 1);
    at::Tensor padded = at::reflection_pad2d(original.inputs, {pixels, pixels, pixels, pixels});
    std::vector<int> seen(25, 0);
    for (int64_t i = 0; i < batch.size(); ++i) {
      bool found = false;
      for (int64_t down = 0; down < 5; ++down) {
        for (int64_t right = 0; right < 5; ++right) {
          if (!at::equal(batch.inputs[i], padded[i].narrow(1, down, 6).narrow(2, right, 7))) continue;
          found = true;
          ++seen[static_cast<size_t>(down * 5 + right)];
        }
      }
      ASSERT_TRUE(found) << i;
    }
    for (int count : seen) EXPECT_GT(count, 0) << "every shift occurs";
  }
}

TEST(TranslateTest, TheLargestShiftReflectsTheWholeImage) {
  Batch batch = random_batch(64, 1), original = copy(batch);
  translate_images(batch, 5, 3);
  at::Tensor padded = at::reflection_pad2d(original.inputs, {5, 5, 5, 5});
  for (int64_t i = 0; i < batch.size(); ++i) {
    bool found = false;
    for (int64_t shift = 0; shift < 121; ++shift) {
      found = found || at::equal(batch.inputs[i], padded[i].narrow(1, shift / 11, 6).narrow(2, shift % 11, 7));
    }
    ASSERT_TRUE(found) << i;
  }
  EXPECT_THROW(translate_images(batch, 6, 3), InternalError);
}

TEST(AugmentationTest, DependsOnTheSampleAlone) {
  Batch whole = random_batch(2000, 1);
  Batch tail = copy(whole).slice(1900, 32);
  tail.inputs = tail.inputs.clone();
  Batch alone = copy(whole);
  auto augment = [](Batch& batch) {
    flip_images(batch, 9);
    translate_images(batch, 2, 9);
  };
  augment(whole);
  augment(tail);
  EXPECT_TRUE(at::equal(tail.inputs, whole.inputs.narrow(0, 1900, 32))) << "not on the batch";
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  augment(alone);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(alone.inputs, whole.inputs)) << "not on threads";
}

TEST(AugmentationTest, TakesAnyLayoutAndGivesChannelsLast) {
  Batch batch = random_batch(40, 3), contiguous = copy(batch);
  contiguous.inputs = contiguous.inputs.contiguous();
  ASSERT_NE(contiguous.inputs.suggest_memory_format(), at::MemoryFormat::ChannelsLast);
  translate_images(batch, 2, 1);
  translate_images(contiguous, 2, 1);
  EXPECT_TRUE(at::equal(batch.inputs, contiguous.inputs));
  EXPECT_EQ(contiguous.inputs.suggest_memory_format(), at::MemoryFormat::ChannelsLast);
}

// A change that does not commute with shifts.
at::Tensor ramped(const at::Tensor& images) { return images.add(at::arange(images.size(3), at::kFloat)); }

// A method whose part notes its call and changes the images.
struct NoteParams {
  static constexpr auto schema() { return std::tuple{}; }
};
class Note final : public MethodOf<NoteParams>, public BatchTransform {
 public:
  Note(std::string name, std::vector<std::string>& log) : MethodOf({}), name_(std::move(name)), log_(log) {}
  void state(StateVisitor&) override {}
  void apply(Batch& batch, const State& state) override {
    if (name_ == "broken") throw std::runtime_error("no such luck");
    log_.push_back(name_ + " " + std::to_string(state.progress.step));
    batch.inputs = ramped(batch.inputs);
  }

 private:
  std::string name_;
  std::vector<std::string>& log_;
};

class ChainTest : public testing::Test {
 protected:
  void add(const std::string& name, Phase phase) {
    auto spec = std::make_unique<MethodSpec>();
    spec->name = name;
    spec->uses = {{Seam::kBatchTransform, phase}};
    spec->params = describe<NoteParams>();
    methods_.push_back({{spec.get(), spec->params->defaults()}, std::make_unique<Note>(name, log_), 0, 0});
    specs_.push_back(std::move(spec));
  }
  void apply(Batch& batch) {
    plan_.run.data = {"data", {1, 6, 7}, 10, 100, 100};
    plan_.run.budget = {5, Unit::kStep};
    Engine engine(std::move(methods_));
    TransformChain chain(plan_.run, engine);
    Budget budget(plan_.run);
    // The chain passes the state on and never touches the model, which belongs to a layer above.
    alignas(16) std::array<std::byte, 16> no_model{};
    State state{.plan = plan_,
                .budget = budget,
                .seed = 9,
                .progress = {},
                .model = reinterpret_cast<Model&>(no_model),
                .outputs = {},
                .loss_terms = {}};
    state.progress.step = 3;
    chain.apply(batch, state);
  }

  Plan plan_;
  std::vector<std::string> log_;
  std::vector<std::unique_ptr<MethodSpec>> specs_;
  std::vector<Engine::Active> methods_;
};

TEST_F(ChainTest, MergesByPhaseWithTheRecipesOwnFirst) {
  add("b_mix", Phase::kMix);
  add("a_target", Phase::kTarget);
  add("z_select", Phase::kSelect);
  add("c_geometry", Phase::kGeometry);
  plan_.run.transforms.push_back({"translate", Phase::kGeometry, param_set(TranslateSettings{2})});
  Batch batch = random_batch(50, 1), expected = copy(batch);
  apply(batch);
  EXPECT_EQ(log_, (std::vector<std::string>{"z_select 3", "c_geometry 3", "b_mix 3", "a_target 3"}));
  expected.inputs = ramped(expected.inputs);
  translate_images(expected, 2, 9);
  EXPECT_TRUE(at::equal(batch.inputs, ramped(ramped(ramped(expected.inputs)))));
}

TEST_F(ChainTest, FlipsWhenTheRecipeSaysSo) {
  plan_.run.transforms.push_back({"flip", Phase::kGeometry, param_set(FlipSettings{FlipKind::kRandom})});
  Batch batch = random_batch(50, 1), expected = copy(batch);
  apply(batch);
  flip_images(expected, 9);
  EXPECT_TRUE(at::equal(batch.inputs, expected.inputs));
}

TEST_F(ChainTest, RefusesAShiftOfTheWholeImage) {
  plan_.run.transforms.push_back({"translate", Phase::kGeometry, param_set(TranslateSettings{6})});
  Batch batch = random_batch(5, 1);
  try {
    apply(batch);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "[data.translate] expected fewer pixels than the 6 of an image, got 6");
  }
}

TEST_F(ChainTest, ErrorsNameTheMethodThePlaceAndTheStep) {
  add("broken", Phase::kMix);
  Batch batch = random_batch(5, 1);
  try {
    apply(batch);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("while running broken at batch_transform, step 3: no such luck"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace hasten
