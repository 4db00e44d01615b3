#include "hasten/spec/gaps.h"

#include <algorithm>
#include <array>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/toml.h"

namespace hasten {
namespace {

constexpr std::array<const char*, 4> kCellKeys = {"component", "verb", "known", "source"};
constexpr std::array<const char*, 4> kMethodKeys = {"name", "with", "known", "source"};

bool is_of(const MethodKnowledge& entry, const std::string& name, const std::string& with) {
  return (entry.name == name && entry.with == with) || (!with.empty() && entry.name == with && entry.with == name);
}

class Reader {
 public:
  Reader(std::string_view toml, std::string name) : name_(std::move(name)) {
    parse_toml(std::string(toml), "gaps", name_, document_, lines_);
  }

  GapKnowledge read() const {
    for (const auto& [key, value] : document_.items()) {
      if ((key != "cell" && key != "method") || !value.is_array())
        fail(key, "[[cell]] and [[method]] tables only", "'" + key + "'");
    }
    GapKnowledge found;
    each("cell", [&](const Json& table, const std::string& path) {
      const CellKnowledge entry = cell(table, path);
      if (!found.of(entry.component, entry.verb).known.empty())
        fail(path, "each cell once", cat(name_of(entry.component), " x ", name_of(entry.verb), " twice"));
      found.cells.push_back(entry);
    });
    each("method", [&](const Json& table, const std::string& path) {
      const MethodKnowledge entry = method(table, path);
      if (!found.of(entry.name, entry.with).known.empty())
        fail(path, "each once", cat(entry.name, entry.with.empty() ? "" : " with ", entry.with, " twice"));
      found.methods.push_back(entry);
    });
    return found;
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
  template <class Take>
  void each(const char* key, const Take& take) const {
    if (!document_.contains(key)) return;
    for (size_t i = 0; i < document_[key].size(); ++i) take(document_[key][i], cat(key, "[", i, "]"));
  }
  void only(const Json& table, const std::string& path, const std::array<const char*, 4>& keys) const {
    for (const auto& [key, value] : table.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail(cat(path, ".", key), join(std::vector<std::string>(keys.begin(), keys.end()), ", "), "'" + key + "'");
    }
  }
  CellKnowledge cell(const Json& table, const std::string& path) const {
    only(table, path, kCellKeys);
    return {word<Component>(table, path, "component"), word<Verb>(table, path, "verb"), text(table, path, "known"),
            text(table, path, "source")};
  }
  MethodKnowledge method(const Json& table, const std::string& path) const {
    only(table, path, kMethodKeys);
    return {text(table, path, "name"), table.contains("with") ? text(table, path, "with") : "",
            text(table, path, "known"), text(table, path, "source")};
  }

  std::string name_;
  Json document_;
  TomlLines lines_;
};

}  // namespace

CellKnowledge GapKnowledge::of(Component component, Verb verb) const {
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const CellKnowledge& entry) {
    return entry.component == component && entry.verb == verb;
  });
  return found == cells.end() ? CellKnowledge{component, verb, "", ""} : *found;
}

MethodKnowledge GapKnowledge::of(const std::string& name, const std::string& with) const {
  const auto found = std::find_if(methods.begin(), methods.end(),
                                  [&](const MethodKnowledge& entry) { return is_of(entry, name, with); });
  return found == methods.end() ? MethodKnowledge{name, with, "", ""} : *found;
}

GapKnowledge read_gaps(std::string_view toml, const std::string& name) { return Reader(toml, name).read(); }

}  // namespace hasten
