// What a step of the records' recipes calls: operators with what they call in turn, counted. A method, a module or the loop that
// begins to do more shows here on every machine, however fast it is.
#include <gtest/gtest.h>

#include "hasten/kernels/tiles.h"
#include "hasten/methods/registry.h"
#include "tests/engine/counted_calls.h"

namespace hasten {
namespace {

int64_t operators_of(Json document, const char* budget) {
  static const Registry registry(method_entries());
  document["budget"]["train"] = budget;
  document["evaluation"]["every"] = "1dur";
  return calls_in(document, registry, [](std::string_view name) { return name.starts_with("aten::"); });
}

Json recipe(const char* name) { return load_recipe_document(std::string(HASTEN_RECIPES) + "/" + name); }

// Between runs of 10 and of 30 steps, so that beginning and end are out of it.
double operators_a_step(const Json& document) {
  constexpr int kMore = 20;
  return static_cast<double>(operators_of(document, "30step") - operators_of(document, "10step")) / kMore;
}

// Measured where Muon's matrices are our own products: 892 (two layers) and 992; elsewhere 1,367 and 1,634. A few operators
// differ by processor.
struct Limits {
  double text = 1400, images = 1700;
};
Limits limits() { return kernels::tiles::available() ? Limits{920, 1020} : Limits{}; }
constexpr double kFewest = 800;  // fewer, and the count does not work

TEST(RecordOperatorsTest, Text) {
  Json document = recipe("tiny-shakespeare/fast.toml");
  document["workload"] = {{"dataset", "synthetic-text"}, {"metric", "test/loss"}};
  document["data"] = {{"context", 16}};
  document["model"]["width"] = 32;
  document["model"]["layers"] = 2;
  document["model"]["attention"] = "explicit";  // what "auto" takes differs by processor
  document["batch"]["size"] = 4;
  const double count = operators_a_step(document);
  RecordProperty("operators", std::to_string(count));
  EXPECT_GT(count, kFewest);
  EXPECT_LE(count, limits().text);
}

TEST(RecordOperatorsTest, Images) {
  Json document = recipe("fashion-mnist/fast.toml");
  document["workload"] = {{"dataset", "synthetic"}, {"metric", "test/accuracy"}};
  document["data"] = {{"samples", 400}, {"test_samples", 20}, {"side", 28}};
  document["batch"]["size"] = 10;
  const double count = operators_a_step(document);
  RecordProperty("operators", std::to_string(count));
  EXPECT_GT(count, kFewest);
  EXPECT_LE(count, limits().images);
}

}  // namespace
}  // namespace hasten
