// JSON lines of any tool, by a mapping of keys; nested keys are joined by dots.
#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/line_reader.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/importers/mapping.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;
using Value = simdjson::ondemand::value;
constexpr int kDeepest = 16;

bool is_json_lines(const fs::path& path) { return path.extension() == ".jsonl" || path.extension() == ".ndjson"; }

class LinesImport {
 public:
  LinesImport(const fs::path& path, const Mapping& mapping, const ImportOptions& options, RunSink& sink)
      : path_(path.string()),
        lines_(path),
        mapping_(mapping),
        rows_(options, sink, "jsonl: " + path.string()),
        file_name_(path.stem().string()) {}

  void read() {
    simdjson::ondemand::parser parser;
    std::string_view line;
    while (lines_.next(line)) {
      if (trim(line).empty()) continue;
      rows_.begin_row();
      for (std::string* text : {&run_name_, &group_, &seed_, &long_metric_, &long_value_}) text->clear();
      try {
        auto document = parser.iterate(simdjson::padded_string_view(line, lines_.capacity_behind(line))).value();
        read_object(document.get_object(), "", 0);
      } catch (const simdjson::simdjson_error& error) {
        if (!lines_.ended_with_newline()) break;  // cut while it was written
        throw DataError(path_, cat("line ", lines_.number()), cat("not a JSON object (", error.what(), ")"));
      }
      add_row();
    }
    rows_.finish();
  }

 private:
  void read_object(simdjson::ondemand::object object, const std::string& prefix, int depth) {
    for (auto field : object) {
      std::string_view key = field.unescaped_key();
      if (prefix.empty()) {
        read_value(std::string(key), field.value().value(), depth);
      } else {
        read_value(prefix + "." + std::string(key), field.value().value(), depth);
      }
    }
  }

  void read_value(const std::string& key, Value value, int depth) {
    switch (value.type()) {
      case simdjson::ondemand::json_type::object:
        if (depth < kDeepest) read_object(value.get_object(), key, depth + 1);
        return;
      case simdjson::ondemand::json_type::number: take(names_of(key), trim(value.raw_json_token())); return;
      case simdjson::ondemand::json_type::string: {
        std::string_view text = value.get_string().value();
        const Names& names = names_of(key);
        if (names.long_metric) long_metric_ = text;
        // Some writers put what JSON cannot say into words.
        auto number = parse_number(text);
        take(names, number && !std::isfinite(*number) ? text : std::string_view(), text);
        return;
      }
      default: return;
    }
  }

  // What a key means, worked out once.
  struct Names {
    ColumnRole role;
    bool run = false, group = false, seed = false, long_metric = false, long_value = false;
  };
  const Names& names_of(const std::string& key) {
    auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    // A log with a new key on every line would fill the memory.
    if (known_.size() > 100000)
      throw DataError(path_, cat("line ", lines_.number()), "more than 100,000 different keys");
    auto among = [&](const std::string& alternatives) {
      if (alternatives.empty()) return false;
      auto all = split(alternatives, '|');
      return std::find(all.begin(), all.end(), key) != all.end();
    };
    Names names{role_of(mapping_, key),      among(mapping_.run_column),  among(mapping_.group_column),
                among(mapping_.seed_column), among(mapping_.long_metric), among(mapping_.long_value)};
    return known_.emplace(key, std::move(names)).first->second;
  }

  // `number` is blank for words; names of runs and the like may be either.
  void take(const Names& names, std::string_view number) { take(names, number, number); }
  void take(const Names& names, std::string_view number, std::string_view text) {
    if (names.run) run_name_ = text;
    if (names.group) group_ = text;
    if (names.seed) seed_ = text;
    if (names.long_value) long_value_ = number;
    rows_.add(names.role, number);
  }

  void add_row() {
    if (!long_value_.empty() && !long_metric_.empty()) rows_.add(long_role(), long_value_);
    rows_.end_row(run_name_.empty() ? file_name_ : run_name_, group_, seed_);
  }

  const ColumnRole& long_role() {
    auto found = long_roles_.find(long_metric_);
    return found != long_roles_.end() ? found->second
                                      : long_roles_.emplace(long_metric_, metric_role(long_metric_)).first->second;
  }

  std::string path_;
  LineReader lines_;
  const Mapping& mapping_;
  RowImport rows_;
  std::string file_name_;
  std::map<std::string, Names, std::less<>> known_;
  std::map<std::string, ColumnRole> long_roles_;
  std::string run_name_, group_, seed_, long_metric_, long_value_;
};

}  // namespace

Importer jsonl_importer() {
  return {"jsonl", "one JSON object a line; --mapping as for csv",
          [](const fs::path& path) {
            std::error_code code;
            if (!fs::is_directory(path, code)) return is_json_lines(path);
            return !files_below(path, is_json_lines).empty();
          },
          [](const fs::path& path, const ImportOptions& options, RunSink& sink) {
            Mapping mapping = read_mapping(options.mapping);
            auto files = files_below(path, is_json_lines);
            if (files.empty()) throw ConfigError("path", "*.jsonl files", path.string() + ", which has none");
            for (const fs::path& file : files) LinesImport(file, mapping, options, sink).read();
          }};
}

}  // namespace hasten::evaluate
