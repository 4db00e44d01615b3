// The state of runs while their rows arrive.
#include "hasten/evaluate/importers/row_import.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {

RowImport::RowImport(const ImportOptions& options, RunSink& sink, std::string source)
    : options_(options), sink_(sink), source_(std::move(source)), line_(4 * kHead, '\0') {}

// The run of that name, and of that group where rows say one: a name may come again in another group.
RowImport::Open& RowImport::open(std::string_view name, std::string_view group) {
  if (latest_ && latest_->name == name && (group.empty() || latest_->group == group)) return *latest_;
  auto found = names_.find(name);
  if (found == names_.end()) return *(latest_ = &begin(name, group));
  for (Open* run : found->second) {
    if (group.empty() || run->group == group) return *(latest_ = run);
    if (!run->group.empty()) continue;
    run->group = run->record.group = std::string(group);  // earlier rows left it blank
    return *(latest_ = run);
  }
  return *(latest_ = &begin(name, group));
}

RowImport::Open& RowImport::begin(std::string_view name, std::string_view group) {
  // Each open run holds a file: a column of values mistaken for names must not open thousands.
  if (runs_.size() >= 512) {
    throw ConfigError("--mapping", "a column that names runs",
                      cat("more than 512 different names, such as '", name, "'"));
  }
  Open& run = runs_.emplace_back();
  std::vector<Open*>& same = names_[std::string(name)];
  run.name = std::string(name);
  run.group = std::string(group);
  run.record.group = group.empty() ? run.name : run.group;
  run.record.id = same.empty() ? run.name : run.record.group + "/" + run.name;
  run.record.source = source_;
  run.sink_run = sink_.begin();
  same.push_back(&run);
  return run;
}

void RowImport::begin_row() {
  end_ = kHead;
  present_ = 0;
  pending_.clear();
  planned_.clear();
}

inline void RowImport::put(size_t field, std::string_view number) {
  row_[field] = number;
  present_ |= 1u << field;
}

inline void RowImport::add_metric(std::string_view prefix, std::string_view number) {
  // Also for the line's end, so that end_row needs to ask no more.
  size_t needed = end_ + prefix.size() + number.size() + 8;
  if (needed > line_.size()) line_.resize(2 * needed);
  char* at = line_.data() + end_;
  *at++ = end_ == kHead ? '[' : ',';
  at = copy_short(at, prefix);
  at = copy_short(at, number);
  *at++ = '}';
  end_ = static_cast<size_t>(at - line_.data());
}

void RowImport::add(const ColumnRole& role, std::string_view cell) {
  if (role.kind == ColumnRole::Kind::kIgnored || cell.empty()) return;
  if (!is_json_number(cell)) return add_other(role, trim(cell));
  if (role.kind == ColumnRole::Kind::kMetric) return add_metric(role.prefix, cell);
  bool whole = role.field != 0 || cell.find_first_of(".eE") == std::string_view::npos;
  if (whole && !role.source.from_first && role.source.scale == 1) return put(role.field, cell);
  pending_.push_back({&role, *parse_number(cell)});
}

void RowImport::plan(size_t amount, std::string_view cell) { planned_.emplace_back(amount, cell); }

// What is no plain number: with blanks around it, "nan", "+1", "1.", text.
void RowImport::add_other(const ColumnRole& role, std::string_view cell) {
  auto value = parse_number(cell);
  if (!value) return;
  if (role.kind == ColumnRole::Kind::kField) {
    pending_.push_back({&role, *value});
    return;
  }
  scratch_.clear();
  append_json_number(*value, scratch_);
  add_metric(role.prefix, scratch_);
}

// Fields that must be computed: their run is known now.
void RowImport::settle(Open& run) {
  for (const Pending& pending : pending_) {
    double value = pending.value;
    const FieldSource& source = pending.role->source;
    if (source.from_first) value -= run.first.try_emplace(source.column, value).first->second;
    value *= source.scale;
    if (pending.role->field == 0) {
      auto step = whole_number(value);
      if (!step) continue;
      value = static_cast<double>(*step);
    }
    std::string& text = computed_[pending.role->field];
    text.clear();
    append_json_number(value, text);
    put(pending.role->field, text);
  }
}

void RowImport::end_row(std::string_view name, std::string_view group, std::string_view seed) {
  Open& run = open(name, group);
  for (const auto& [amount, cell] : planned_) {
    constexpr std::array<std::optional<double> Amounts::*, kPlannedNames.size()> kMembers{
        &Amounts::steps, &Amounts::epochs, &Amounts::samples, &Amounts::tokens, &Amounts::seconds};
    if (auto value = parse_number(cell); value && std::isfinite(*value)) run.record.planned.*kMembers[amount] = value;
  }
  if (!seed.empty() && seed != run.seed) {
    run.seed = std::string(seed);
    if (auto value = parse_number(seed); value && whole_number(*value)) run.record.seed = whole_number(*value);
  }
  if (!pending_.empty()) settle(run);
  std::array<char, kHead> head;
  char* at = head.data();
  *at++ = '{';
  for (uint32_t left = present_; left != 0; left &= left - 1) {
    auto field = static_cast<size_t>(std::countr_zero(left));
    std::string_view text = row_[field];
    if (left != present_) *at++ = ',';
    *at++ = '"';
    at = copy_short(at, kFieldNames[field]);
    *at++ = '"';
    *at++ = ':';
    at = copy_short(at, text);
    copy_short(run.last[field].data(), text);
    run.last_size[field] = static_cast<uint8_t>(text.size());
  }
  if (has_metrics()) {
    if (present_ != 0) *at++ = ',';
    at = copy_short(at, "\"metrics\":");
    line_[end_++] = ']';
  }
  line_[end_++] = '}';
  line_[end_++] = '\n';
  auto before = static_cast<size_t>(at - head.data());
  char* begin = line_.data() + kHead - before;
  std::memcpy(begin, head.data(), before);
  ++run.events;
  sink_.line(run.sink_run, std::string_view(begin, before + end_ - kHead));
  begin_row();
}

void RowImport::finish() {
  for (Open& run : runs_) {
    RunRecord& record = run.record;
    Totals& totals = record.executed;
    std::array<std::optional<double>*, kFields> into{
        &totals.steps,   &totals.epochs,        &totals.samples, &totals.tokens, &totals.train_s, &totals.eval_s,
        &totals.total_s, &totals.loader_wait_s, &totals.flops,   &totals.joules, nullptr};
    for (size_t f = 0; f < kFields; ++f) {
      if (into[f]) *into[f] = parse_number(std::string_view(run.last[f].data(), run.last_size[f]));
    }
    if (!totals.steps) record.not_found.emplace_back("step");
    if (!totals.train_s) record.not_found.emplace_back("t_train");
    if (!totals.total_s) record.not_found.emplace_back("t_total");
    if (!record.seed) record.not_found.emplace_back("seed");
    record.not_found.emplace_back("hardware");
    record.status = run.events > 0 ? Status::kOk : Status::kMissing;
    apply(options_, record);
    sink_.end(run.sink_run, std::move(record));
  }
  runs_.clear();
  names_.clear();
  latest_ = nullptr;
}

}  // namespace hasten::evaluate
