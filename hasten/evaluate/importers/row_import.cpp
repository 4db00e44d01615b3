// The state of runs while their rows arrive.
#include "hasten/evaluate/importers/row_import.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {

RowImport::RowImport(const Mapping& mapping, const ImportOptions& options, RunSink& sink, std::string source)
    : joins_(!mapping.long_metric.empty()),
      waits_(joins_),
      options_(options),
      sink_(sink),
      source_(std::move(source)),
      line_(4 * kHead, '\0') {
  for (size_t field = 0; field < kFields; ++field) {
    auto found = mapping.fields.find(std::string(kFieldNames[field]));
    if (found != mapping.fields.end()) sources_[field] = found->second;
    waits_ = waits_ || sources_[field].from_first;
  }
}

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
  run.least.fill(HUGE_VAL);
  run.sink_run = sink_.begin();
  same.push_back(&run);
  return run;
}

void RowImport::begin_row() {
  end_ = kHead;
  present_ = 0;
  pending_.clear();
  planned_.clear();
  waiting_.present = 0;
  waiting_.metrics.clear();
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
  if (waits_ || !is_json_number(cell)) return add_other(role, trim(cell));
  if (role.kind == ColumnRole::Kind::kMetric) return add_metric(role.prefix, cell);
  bool whole = role.field != 0 || cell.find_first_of(".eE") == std::string_view::npos;
  if (whole && role.source.scale == 1) return put(role.field, cell);
  pending_.push_back({role.field, *parse_number(cell)});
}

void RowImport::plan(size_t amount, std::string_view cell) { planned_.emplace_back(amount, cell); }

// What is no plain number: with blanks around it, "nan", "+1", "1.", text. And all numbers of rows that wait.
void RowImport::add_other(const ColumnRole& role, std::string_view cell) {
  auto value = parse_number(cell);
  if (!value) return;
  bool is_field = role.kind == ColumnRole::Kind::kField;
  if (waits_ && is_field) {
    waiting_.raw[role.field] = *value;
    waiting_.present |= 1u << role.field;
    return;
  }
  if (waits_) {
    waiting_.metrics.emplace_back(&role, *value);
    return;
  }
  if (is_field) {
    pending_.push_back({role.field, *value});
    return;
  }
  scratch_.clear();
  append_json_number(*value, scratch_);
  add_metric(role.prefix, scratch_);
}

// Fields that must be computed: their run is known now.
void RowImport::settle(const Open& run) {
  for (const auto& [field, raw] : pending_) {
    double value = raw;
    if (sources_[field].from_first) value -= run.least[field];
    value *= sources_[field].scale;
    if (field == 0) {
      auto step = whole_number(value);
      if (!step) continue;
      value = static_cast<double>(*step);
    }
    std::string& text = computed_[field];
    text.clear();
    append_json_number(value, text);
    put(field, text);
  }
}

void RowImport::wait(Open& run) {
  constexpr size_t kMost = size_t{64} << 20;
  for (size_t field = 0; field < kFields; ++field) {
    if (((waiting_.present >> field) & 1) != 0) run.least[field] = std::min(run.least[field], waiting_.raw[field]);
  }
  waiting_bytes_ += sizeof(Waiting) + 32 + waiting_.metrics.size() * sizeof(waiting_.metrics[0]);
  run.waiting.push_back(std::move(waiting_));
  begin_row();
  if (waiting_bytes_ < kMost) return;
  for (Open& each : runs_) {
    each.in_parts = each.in_parts || !each.waiting.empty();
    release(each);
  }
  waiting_bytes_ = 0;
}

// Rows of one step become one event: its fields are the greatest of theirs, so its clock is that of the last metric. Where
// a metric comes again (a run that was resumed, a log without steps), the rows of that step stay what they are, by time.
void RowImport::join_steps(std::deque<Waiting>& rows) {
  constexpr size_t kTrain = 4, kTotal = 6;  // places in kFieldNames
  static_assert(kFieldNames[0] == "step" && kFieldNames[kTrain] == "t_train" && kFieldNames[kTotal] == "t_total");
  auto value = [](const Waiting& row, size_t field) {
    bool known = ((row.present >> field) & 1) != 0 && !std::isnan(row.raw[field]);
    return known ? row.raw[field] : -HUGE_VAL;
  };
  auto time = [&](const Waiting& row) { return std::pair(value(row, kTotal), value(row, kTrain)); };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Waiting& a, const Waiting& b) { return value(a, 0) < value(b, 0); });
  std::deque<Waiting> events;
  for (auto from = rows.begin(), to = from; from != rows.end(); from = to) {
    std::set<std::vector<const ColumnRole*>> seen;  // columns that all rows have do not make them alike
    bool joins = value(*from, 0) != -HUGE_VAL;
    for (; to != rows.end() && value(*to, 0) == value(*from, 0); ++to) {
      std::vector<const ColumnRole*> roles;
      for (const auto& metric : to->metrics) roles.push_back(metric.first);
      joins = seen.insert(std::move(roles)).second && joins;
    }
    if (!joins) {
      std::stable_sort(from, to, [&](const Waiting& a, const Waiting& b) { return time(a) < time(b); });
      std::move(from, to, std::back_inserter(events));
      continue;
    }
    Waiting& event = events.emplace_back(std::move(*from));
    for (auto row = from + 1; row != to; ++row) {
      for (size_t field = 0; field < kFields; ++field) {
        if (value(*row, field) <= value(event, field)) continue;
        event.raw[field] = row->raw[field];
        event.present |= 1u << field;
      }
      for (const auto& metric : row->metrics) {
        bool known = std::any_of(event.metrics.begin(), event.metrics.end(),
                                 [&](const auto& other) { return other.first == metric.first; });
        if (!known) event.metrics.push_back(metric);
      }
    }
  }
  rows = std::move(events);
}

void RowImport::release(Open& run) {
  if (joins_) join_steps(run.waiting);
  for (const Waiting& row : run.waiting) {
    begin_row();
    for (uint32_t left = row.present; left != 0; left &= left - 1) {
      auto field = static_cast<size_t>(std::countr_zero(left));
      pending_.push_back({field, row.raw[field]});
    }
    for (const auto& [role, value] : row.metrics) {
      scratch_.clear();
      append_json_number(value, scratch_);
      add_metric(role->prefix, scratch_);
    }
    settle(run);
    write(run);
  }
  run.waiting.clear();
}

void RowImport::end_row(std::string_view name, std::string_view group, std::string_view seed, std::string_view kind) {
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
  if (!kind.empty() && kind != run.kind) {
    if (!run.kind.empty() || (kind != "standard" && kind != "cyclic")) {
      throw ConfigError("mapping.rows.kind", "standard or cyclic, the same in all rows of a run",
                        cat("'", kind, "' in run ", run.name));
    }
    run.kind = std::string(kind);
    run.record.point = kind == "cyclic" ? PointKind::kCyclic : PointKind::kStandard;
  }
  if (waits_) return wait(run);
  if (!pending_.empty()) settle(run);
  write(run);
}

// The row as an event.
void RowImport::write(Open& run) {
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
    release(run);
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
    if (run.in_parts) record.not_found.emplace_back("rows that lie far apart: joined and timed in parts");
    record.status = run.events > 0 ? Status::kOk : Status::kMissing;
    apply(options_, record);
    sink_.end(run.sink_run, std::move(record));
  }
  runs_.clear();
  names_.clear();
  latest_ = nullptr;
}

}  // namespace hasten::evaluate
