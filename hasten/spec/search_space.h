// What a search for settings varies: ranges and choices by the dotted paths of --set.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"

namespace hasten {

// `{low = 1e-3, high = 1.0, scale = "log"}`, `{low = "0.1ep", high = "2ep"}` or `{choices = [64, 128]}`.
struct SearchDimension {
  std::string path;                  // "optimizer.lr", "method.ema.decay"
  double low = 0, high = 0;          // without choices; low < high
  bool log = false;                  // low > 0
  bool integer = false;              // by what the recipe has there
  std::string unit;                  // of durations: "ep"
  std::vector<std::string> choices;  // as JSON

  bool operator==(const SearchDimension&) const = default;
};
using SearchSpace = std::vector<SearchDimension>;

// Reads a table of such entries, nested or with dotted keys. Throws ConfigError naming the path.
SearchSpace space_from_json(const Json& table);
// {"optimizer.lr": {"low": ..., ...}, ...}
Json space_to_json(const SearchSpace& space);

// An amount in the dimension's unit, as TOML (and JSON).
std::string value_text(const SearchDimension& dimension, double amount);
// The value at a place in [0, 1) of the range, likewise: "0.0123", "128", "\"1.5ep\"". Four significant digits.
std::string value_at(const SearchDimension& dimension, double place);
// The amount of a value in the dimension's own unit; nullopt for texts, lists and other units.
std::optional<double> amount_of(const SearchDimension& dimension, const Json& value);
// Whether the search could have given this value.
bool contains(const SearchDimension& dimension, const Json& value);

// The setting of a resolved recipe at a path, nullptr if it has none; methods go by name.
const Json* setting_at(const Json& recipe, const std::string& path);
// Takes from the resolved recipe which dimensions are integers. Throws ConfigError for a range over texts or lists.
void fit_space(SearchSpace& space, const Json& recipe);

// A space file: ranges for every recipe, and tables [recipe.NAME] with ranges for one, which replace common ones.
class SpaceFile {
 public:
  // Throws ConfigError with file and line.
  explicit SpaceFile(const std::filesystem::path& path);

  // Throws ConfigError for an empty space, and when the file names a recipe that is not among `names`.
  std::vector<SearchSpace> spaces(const std::vector<std::string>& names) const;
  // "space.toml:3", where this path of this recipe stands.
  std::string place_of(const std::string& name, const std::string& path) const;

 private:
  std::string path_;
  std::map<std::string, int> lines_;
  SearchSpace common_;
  std::map<std::string, SearchSpace> own_;
};

}  // namespace hasten
