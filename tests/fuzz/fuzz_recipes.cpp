// Fuzzes the reader of recipes: whatever the text is, the answer is a recipe that reads back as itself, or an error with
// its place. The first byte says whether the file is TOML or a resolved recipe in JSON.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/methods/catalogue.h"
#include "hasten/spec/recipe.h"
#include "tests/fuzz/scratch_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace hasten;

void run_one(bool toml, const std::string& text) {
  static const Catalogue catalogue(method_specs());
  const fs::path path = scratch_folder() / (toml ? "r.toml" : "r.json");
  {
    AppendFile file(path, 0);
    file.append(text);
  }
  const Recipe recipe = load_recipe(path, catalogue);
  const Recipe again = recipe_from_json(recipe.to_json(), catalogue);
  if (again.to_json() != recipe.to_json() || again.hash() != recipe.hash()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    run_one(data[0] % 2 == 0, std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  } catch (const hasten::ConfigError&) {
  } catch (const hasten::DataError&) {}
  return 0;
}
