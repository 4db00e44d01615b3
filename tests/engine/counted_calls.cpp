// By LibTorch's callback for every operator.
#include "tests/engine/counted_calls.h"

#include <ATen/record_function.h>

#include <atomic>

namespace hasten {
namespace {

std::atomic<int64_t> calls{0};
bool (*counted)(std::string_view name) = nullptr;

std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& function) {
  if (counted(function.name())) calls.fetch_add(1);
  return nullptr;
}

}  // namespace

int64_t calls_in(const Json& recipe, const Registry& registry, bool (*counts)(std::string_view name)) {
  testing::TemporaryDirectory directory;
  TrainOptions options;
  options.out = directory.path() / "run";
  Trainer trainer(recipe_from_json(recipe, registry.catalogue()), registry, options);
  calls = 0;
  counted = counts;
  const auto handle = at::addGlobalCallback(at::RecordFunctionCallback(&count).scopes({at::RecordScope::FUNCTION}));
  trainer.run();
  at::removeCallback(handle);
  return calls.load();
}

}  // namespace hasten
