#include "hasten/spec/gaps.h"

#include <algorithm>
#include <array>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/toml.h"

namespace hasten {
namespace {

constexpr std::array<const char*, 4> kKeys = {"component", "verb", "known", "source"};

class Reader {
 public:
  Reader(std::string_view toml, std::string name) : name_(std::move(name)) {
    parse_toml(std::string(toml), name_, document_, lines_);
  }

  std::vector<CellKnowledge> read() const {
    std::vector<CellKnowledge> cells;
    std::set<std::pair<Component, Verb>> seen;
    for (const auto& [key, value] : document_.items()) {
      if (key != "cell" || !value.is_array()) fail(key, "[[cell]] tables only", "'" + key + "'");
    }
    if (!document_.contains("cell")) return cells;
    for (size_t i = 0; i < document_["cell"].size(); ++i) {
      cells.push_back(cell(document_["cell"][i], cat("cell[", i, "]")));
      if (!seen.insert({cells.back().component, cells.back().verb}).second) {
        fail(cat("cell[", i, "]"), "each cell once",
             cat(name_of(cells.back().component), " x ", name_of(cells.back().verb), " twice"));
      }
    }
    return cells;
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& expected, const std::string& got,
                         const std::string& hint = "") const {
    const auto line = lines_.find(path);
    throw ConfigError(path, expected, got, hint).at(line == lines_.end() ? name_ : cat(name_, ":", line->second));
  }

  std::string text(const Json& table, const std::string& path, const char* key) const {
    if (!table.contains(key)) fail(path, cat("a text for '", key, "'"), "nothing");
    if (!table[key].is_string() || table[key].get<std::string>().empty())
      fail(cat(path, ".", key), "a text", table[key].dump());
    return table[key].get<std::string>();
  }
  template <class Enum>
  Enum word(const Json& table, const std::string& path, const char* key) const {
    const std::string name = text(table, path, key);
    const auto names = choices(Enum{});
    const auto found = std::find(names.begin(), names.end(), name);
    const std::vector<std::string> known(names.begin(), names.end());
    if (found == names.end()) fail(cat(path, ".", key), join(known, ", "), "'" + name + "'", suggest(name, known));
    return static_cast<Enum>(found - names.begin());
  }
  CellKnowledge cell(const Json& table, const std::string& path) const {
    for (const auto& [key, value] : table.items()) {
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
        fail(cat(path, ".", key), "component, verb, known and source", "'" + key + "'");
    }
    return {word<Component>(table, path, "component"), word<Verb>(table, path, "verb"), text(table, path, "known"),
            text(table, path, "source")};
  }

  std::string name_;
  Json document_;
  TomlLines lines_;
};

}  // namespace

std::vector<CellKnowledge> read_gaps(std::string_view toml, const std::string& name) {
  return Reader(toml, name).read();
}

}  // namespace hasten
