// JSON lines of any tool, by a mapping of keys; nested keys are joined by dots.
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/line_reader.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/importers/row_import.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;
using Value = simdjson::ondemand::value;
constexpr int kDeepest = 16;
constexpr std::array<std::string_view, 3> kWords{"NaN", "Infinity", "-Infinity"};

bool is_json_lines(const fs::path& path) { return path.extension() == ".jsonl" || path.extension() == ".ndjson"; }

// A key as far as it is known: what it means, and which keys lie below it.
struct Key {
  std::string text;  // as the file writes it, with the quote that ends it
  std::string name;  // with the keys above it: "train.loss"
  ColumnRole role;
  bool special = false;  // one of the following
  bool run = false, group = false, seed = false, kind = false, long_metric = false, long_value = false;
  std::optional<size_t> planned;      // place in kPlannedNames
  const std::string* only = nullptr;  // the text that a row must have here
  std::map<std::string, Key*, std::less<>> below;  // by unescaped text
  std::vector<Key*> order;  // as the last object had them: the next one mostly has the same
};

// All keys of a file. Lines repeat them, so most are recognized by their place.
class Keys {
 public:
  explicit Keys(const Mapping& mapping) : mapping_(mapping) {}

  Key& root() { return root_; }
  // A log with a new key on every line would fill the memory.
  bool too_many() const { return count_ > 100000; }

  // The key of a field that is the `place`th in an object of `parent`.
  Key& find(Key& parent, size_t place, simdjson::ondemand::field& field) {
    const char* raw = field.key().raw();
    if (place < parent.order.size()) {
      Key& likely = *parent.order[place];
      // That many bytes may be read wherever in the line the key stands.
      if (likely.text.size() <= LineReader::kPadding && std::memcmp(raw, likely.text.data(), likely.text.size()) == 0)
        return likely;
    }
    return look_up(parent, place, raw, field.unescaped_key());
  }

 private:
  Key& look_up(Key& parent, size_t place, const char* raw, std::string_view text) {
    auto found = parent.below.find(text);
    if (found == parent.below.end()) found = parent.below.emplace(std::string(text), &add(parent, raw, text)).first;
    if (place >= parent.order.size()) parent.order.resize(place + 1, found->second);
    parent.order[place] = found->second;
    return *found->second;
  }

  Key& add(const Key& parent, const char* raw, std::string_view text) {
    Key& key = all_.emplace_back();
    ++count_;
    const char* end = raw;
    while (*end != '"') end += *end == '\\' ? 2 : 1;
    key.text.assign(raw, end + 1);
    key.name = &parent == &root_ ? std::string(text) : parent.name + "." + std::string(text);
    key.role = role_of(mapping_, key.name);
    key.run = is_one_of(key.name, mapping_.run_column);
    key.group = is_one_of(key.name, mapping_.group_column);
    key.seed = is_one_of(key.name, mapping_.seed_column);
    key.kind = is_one_of(key.name, mapping_.kind_column);
    key.long_metric = is_one_of(key.name, mapping_.long_metric);
    key.long_value = is_one_of(key.name, mapping_.long_value);
    for (size_t amount = 0; amount < kPlannedNames.size(); ++amount) {
      auto found = mapping_.planned.find(std::string(kPlannedNames[amount]));
      if (found != mapping_.planned.end() && is_one_of(key.name, found->second)) key.planned = amount;
    }
    auto found = mapping_.only.find(key.name);
    if (found != mapping_.only.end()) key.only = &found->second;
    key.special =
        key.run || key.group || key.seed || key.kind || key.long_metric || key.long_value || key.planned || key.only;
    return key;
  }

  const Mapping& mapping_;
  Key root_;
  std::deque<Key> all_;
  size_t count_ = 0;
};

class LinesImport {
 public:
  LinesImport(const fs::path& path, const std::string& name, const Mapping& mapping, const ImportOptions& options,
              RunSink& sink)
      : path_(path.string()),
        lines_(path),
        rows_(mapping, options, sink, "jsonl: " + path.string()),
        file_name_(name),
        keys_(mapping),
        conditions_(mapping.only.size()) {}

  void read() {
    std::string_view line;
    while (lines_.next(line)) {
      if (line.empty() || (line.front() != '{' && trim(line).empty())) continue;
      auto error = read_row(simdjson::padded_string_view(line, lines_.capacity_behind(line)));
      if (error != simdjson::SUCCESS && quote_words(line))
        error = read_row(simdjson::padded_string_view(std::string_view(quoted_), quoted_.capacity()));
      if (error != simdjson::SUCCESS) {
        if (!lines_.ended_with_newline()) break;  // cut while it was written
        throw DataError(path_, cat("line ", lines_.number()),
                        cat("not a JSON object (", simdjson::error_message(error), ")"));
      }
      add_row();
    }
    rows_.finish();
  }

 private:
  simdjson::error_code read_row(simdjson::padded_string_view line) {
    rows_.begin_row();
    for (std::string_view* text : {&run_name_, &group_, &seed_, &kind_, &long_metric_, &long_value_}) *text = {};
    wanted_ = 0;
    try {
      auto document = parser_.iterate(line).value();
      read_object(document.get_object(), keys_.root(), 0);
      if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return simdjson::TRAILING_CONTENT;
    } catch (const simdjson::simdjson_error& error) {
      return error.error();
    }
    return simdjson::SUCCESS;
  }

  // Python writes NaN, Infinity and -Infinity, which JSON lacks; they are read as texts. False when the line has none.
  bool quote_words(std::string_view line) {
    quoted_.clear();
    bool inside = false, any = false;
    for (size_t at = 0; at < line.size(); ++at) {
      if (inside && line[at] == '\\' && at + 1 < line.size()) {
        quoted_ += line[at++];
      } else if (line[at] == '"') {
        inside = !inside;
      }
      auto found = std::find_if(kWords.begin(), kWords.end(),
                                [&](std::string_view word) { return !inside && line.substr(at).starts_with(word); });
      if (found == kWords.end()) {
        quoted_ += line[at];
        continue;
      }
      quoted_ += cat('"', *found, '"');
      at += found->size() - 1;
      any = true;
    }
    quoted_.reserve(quoted_.size() + LineReader::kPadding);
    return any;
  }

  void read_object(simdjson::ondemand::object object, Key& parent, int depth) {
    size_t place = 0;
    for (auto result : object) {
      simdjson::ondemand::field field = std::move(result).take_value();
      Key& key = keys_.find(parent, place++, field);
      if (keys_.too_many()) throw DataError(path_, cat("line ", lines_.number()), "more than 100,000 different keys");
      read_value(key, field.value(), depth);
    }
  }

  void read_value(Key& key, Value value, int depth) {
    switch (value.type()) {
      case simdjson::ondemand::json_type::object:
        if (depth < kDeepest) read_object(value.get_object(), key, depth + 1);
        return;
      case simdjson::ondemand::json_type::number: {
        std::string_view token = value.raw_json_token();
        if (static_cast<unsigned char>(token.back()) <= ' ') token = trim(token);
        take(key, token, token);
        return;
      }
      case simdjson::ondemand::json_type::string: {
        std::string_view text = value.get_string().value();
        if (key.long_metric) long_metric_ = text;
        // Some writers put what JSON cannot say into words.
        auto number = parse_number(text);
        take(key, number && !std::isfinite(*number) ? text : std::string_view(), text);
        return;
      }
      default: return;
    }
  }

  // `number` is blank for words; names of runs and the like may be either. Both live until the next line.
  void take(const Key& key, std::string_view number, std::string_view text) {
    if (key.special) {
      if (key.run) run_name_ = text;
      if (key.group) group_ = text;
      if (key.seed) seed_ = text;
      if (key.kind) kind_ = text;
      if (key.long_value) long_value_ = number;
      if (key.planned) rows_.plan(*key.planned, number);
      if (key.only && text == *key.only) ++wanted_;
    }
    rows_.add(key.role, number);
  }

  void add_row() {
    if (wanted_ != conditions_) return;
    if (!long_value_.empty() && !long_metric_.empty()) rows_.add(long_role(), long_value_);
    rows_.end_row(run_name_.empty() ? std::string_view(file_name_) : run_name_, group_, seed_, kind_);
  }

  const ColumnRole& long_role() {
    auto found = long_roles_.find(long_metric_);
    if (found == long_roles_.end())
      found = long_roles_.emplace(std::string(long_metric_), metric_role(std::string(long_metric_))).first;
    return found->second;
  }

  std::string path_;
  LineReader lines_;
  RowImport rows_;
  std::string file_name_;
  Keys keys_;
  size_t conditions_, wanted_ = 0;
  std::map<std::string, ColumnRole, std::less<>> long_roles_;
  std::string_view run_name_, group_, seed_, kind_, long_metric_, long_value_;
  simdjson::ondemand::parser parser_;
  std::string quoted_;  // a line with such words, and room behind it
};

}  // namespace

Importer jsonl_importer() {
  return {"jsonl", "one JSON object a line; --mapping as for csv",
          [](const fs::path& path) {
            std::error_code code;
            if (!fs::is_directory(path, code)) return is_json_lines(path);
            return !files_below(path, is_json_lines).empty();
          },
          [](const Paths& paths, const ImportOptions& options, RunSink& sink) {
            Mapping mapping = read_mapping(options.mapping);
            Paths files = files_below(paths, is_json_lines, "*.jsonl files");
            for (const auto& [file, name] : names_of_files(files))
              LinesImport(file, name, mapping, options, sink).read();
          }};
}

}  // namespace hasten::evaluate
