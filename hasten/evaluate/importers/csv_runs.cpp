// CSV tables of any tool, by a mapping of columns.
#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/importers/row_import.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

bool is_table(const fs::path& path) { return path.extension() == ".csv" || path.extension() == ".tsv"; }

// Columns that hold one run each ("RUN - METRIC"), or all columns as one run.
struct ColumnGroup {
  std::string run;
  std::vector<std::pair<size_t, ColumnRole>> metrics;
};

struct TablePlan {
  std::vector<std::pair<size_t, ColumnRole>> fields;
  std::vector<ColumnGroup> groups;
  std::vector<std::pair<size_t, size_t>> planned;     // column, place in kPlannedNames
  std::vector<std::pair<size_t, std::string>> only;   // column, text
  std::optional<size_t> run, group, seed, kind, long_metric, long_value;
};

std::optional<size_t> find_column(const CsvReader& csv, const std::string& alternatives) {
  if (alternatives.empty()) return std::nullopt;
  for (const std::string& name : split(alternatives, '|')) {
    if (auto column = csv.column(name)) return column;
  }
  return std::nullopt;
}

TablePlan make_plan(const CsvReader& csv, const Mapping& mapping) {
  TablePlan plan;
  plan.run = find_column(csv, mapping.run_column);
  plan.group = find_column(csv, mapping.group_column);
  plan.seed = find_column(csv, mapping.seed_column);
  plan.kind = find_column(csv, mapping.kind_column);
  plan.long_metric = find_column(csv, mapping.long_metric);
  plan.long_value = find_column(csv, mapping.long_value);
  for (size_t amount = 0; amount < kPlannedNames.size(); ++amount) {
    auto found = mapping.planned.find(std::string(kPlannedNames[amount]));
    if (found == mapping.planned.end()) continue;
    if (auto column = find_column(csv, found->second)) plan.planned.emplace_back(*column, amount);
  }
  for (const auto& [name, text] : mapping.only) {
    if (auto column = csv.column(name)) plan.only.emplace_back(*column, text);
  }
  std::map<std::string, size_t> groups;
  for (size_t c = 0; c < csv.header().size(); ++c) {
    std::string run, name = csv.header()[c];
    ColumnRole role = role_of(mapping, name);
    size_t cut = mapping.wide_separator.empty() ? std::string::npos : name.rfind(mapping.wide_separator);
    if (role.kind == ColumnRole::Kind::kMetric && cut != std::string::npos) {
      run = name.substr(0, cut);
      role = role_of(mapping, name.substr(cut + mapping.wide_separator.size()));
    }
    if (role.kind == ColumnRole::Kind::kField && run.empty()) plan.fields.emplace_back(c, role);
    if (role.kind != ColumnRole::Kind::kMetric) continue;
    auto [found, is_new] = groups.try_emplace(run, plan.groups.size());
    if (is_new) plan.groups.push_back({run, {}});
    plan.groups[found->second].metrics.emplace_back(c, role);
  }
  if (plan.groups.empty()) plan.groups.push_back({"", {}});
  return plan;
}

// Runs in a table without a column for them are named after the file; "metrics.csv" says less than its folder.
std::string name_of_table(const fs::path& path, const std::string& name) {
  return name == "metrics" || name == "history" ? folder_of(path).filename().string() + "/" + name : name;
}

class TableImport {
 public:
  TableImport(const fs::path& path, const std::string& name, const Mapping& mapping, const ImportOptions& options,
              RunSink& sink)
      : csv_(path, path.extension() == ".tsv" ? '\t' : ','),
        plan_(make_plan(csv_, mapping)),
        rows_(mapping, options, sink, "csv: " + path.string()),
        file_name_(name_of_table(path, name)) {
    if (mapping.long_metric.empty() != mapping.long_value.empty() ||
        plan_.long_metric.has_value() != plan_.long_value.has_value()) {
      throw DataError(path.string(), "line 1", "rows need both a column for the metric's name and one for its value");
    }
    for (const auto& [name, text] : mapping.only) {
      if (!csv_.column(name))
        throw DataError(path.string(), "line 1", cat("no column '", name, "', by which rows are to be chosen"));
    }
  }

  void read() {
    while (csv_.next(cells_)) {
      if (!is_wanted()) continue;
      for (const ColumnGroup& group : plan_.groups) read_row(group);
    }
    rows_.finish();
  }

 private:
  std::string_view cell(std::optional<size_t> column) const {
    return column ? trim(cells_[*column]) : std::string_view();
  }

  bool is_wanted() const {
    return std::all_of(plan_.only.begin(), plan_.only.end(),
                       [&](const auto& one) { return trim(cells_[one.first]) == one.second; });
  }

  void read_row(const ColumnGroup& group) {
    rows_.begin_row();
    if (plan_.long_metric) {
      rows_.add(long_role(cell(plan_.long_metric)), cell(plan_.long_value));
      if (!rows_.has_metrics()) return;
    }
    for (const auto& [column, role] : group.metrics) rows_.add(role, cells_[column]);
    // In a table of several runs a row without their metric is another run's.
    if (!rows_.has_metrics() && plan_.groups.size() > 1) return;
    for (const auto& [column, role] : plan_.fields) rows_.add(role, cells_[column]);
    for (const auto& [column, amount] : plan_.planned) rows_.plan(amount, cells_[column]);
    std::string_view name = plan_.run ? cell(plan_.run) : std::string_view(group.run.empty() ? file_name_ : group.run);
    rows_.end_row(name, cell(plan_.group), cell(plan_.seed), cell(plan_.kind));
  }

  const ColumnRole& long_role(std::string_view metric) {
    auto found = long_roles_.find(metric);
    if (found == long_roles_.end())
      found = long_roles_.emplace(std::string(metric), metric_role(std::string(metric))).first;
    return found->second;
  }

  CsvReader csv_;
  TablePlan plan_;
  RowImport rows_;
  std::string file_name_;
  std::vector<std::string_view> cells_;
  std::map<std::string, ColumnRole, std::less<>> long_roles_;
};

}  // namespace

Importer csv_importer() {
  return {"csv", "tables with a header; --mapping wandb, mlflow, lightning or a file of your own",
          [](const fs::path& path) {
            std::error_code code;
            if (!fs::is_directory(path, code)) return is_table(path);
            return !files_below(path, is_table).empty();
          },
          [](const Paths& paths, const ImportOptions& options, RunSink& sink) {
            Mapping mapping = read_mapping(options.mapping);
            Paths files = files_below(paths, is_table, "*.csv or *.tsv files");
            for (const auto& [file, name] : names_of_files(files))
              TableImport(file, name, mapping, options, sink).read();
          }};
}

}  // namespace hasten::evaluate
