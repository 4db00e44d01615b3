// run.json: one list of fields per struct, used by the writer and by the reader.
#include <array>
#include <cmath>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {
namespace {

template <class Enum>
using Names = std::vector<std::pair<Enum, std::string_view>>;

const Names<Role>& names_of(Role) {
  static const Names<Role> names{{Role::kUnknown, "unknown"},
                                 {Role::kBaseline, "baseline"},
                                 {Role::kMethod, "method"},
                                 {Role::kReference, "reference"}};
  return names;
}

const Names<Status>& names_of(Status) {
  static const Names<Status> names{{Status::kUnknown, "unknown"},
                                   {Status::kRunning, "running"},
                                   {Status::kOk, "ok"},
                                   {Status::kStoppedEarly, "stopped_early"},
                                   {Status::kDiverged, "diverged"},
                                   {Status::kOutOfBudget, "out_of_budget"},
                                   {Status::kInterrupted, "interrupted"},
                                   {Status::kError, "error"},
                                   {Status::kMissing, "missing"}};
  return names;
}

const Names<Direction>& names_of(Direction) {
  static const Names<Direction> names{{Direction::kMaximize, "maximize"}, {Direction::kMinimize, "minimize"}};
  return names;
}

const Names<PointKind>& names_of(PointKind) {
  static const Names<PointKind> names{{PointKind::kStandard, "standard"}, {PointKind::kCyclic, "cyclic"}};
  return names;
}

template <class Enum>
std::string_view enum_name(Enum value) {
  for (const auto& [candidate, text] : names_of(value)) {
    if (candidate == value) return text;
  }
  throw InternalError("an enum value without a name in the run record");
}

// The fields, in the order of the file.
template <class V>
void visit(V& v, Amounts& x) {
  v("text", x.text), v("steps", x.steps), v("epochs", x.epochs), v("samples", x.samples), v("tokens", x.tokens);
  v("seconds", x.seconds), v("flops", x.flops), v("joules", x.joules);
}

template <class V>
void visit(V& v, Metric& x) {
  v("name", x.name), v("split", x.split), v("direction", x.direction), v("aggregation", x.aggregation);
  v("weights", x.weights), v("definition", x.definition), v("target", x.target);
  v("target_declared_at", x.target_declared_at);
}

template <class V>
void visit(V& v, Dataset& x) {
  v("id", x.id), v("hash", x.hash), v("split", x.split), v("use", x.use), v("samples", x.samples);
  v("mean", x.mean), v("deviation", x.deviation);
}

template <class V>
void visit(V& v, SourceFile& x) {
  v("use", x.use), v("path", x.path), v("hash", x.hash), v("loaded", x.loaded);
  v("missing", x.missing), v("unexpected", x.unexpected), v("skipped", x.skipped);
}

template <class V>
void visit(V& v, Hardware& x) {
  v("accelerator", x.accelerator), v("accelerator_count", x.accelerator_count), v("power_cap_watt", x.power_cap_watt);
  v("cpu", x.cpu), v("cores", x.cores), v("threads", x.threads), v("memory_bytes", x.memory_bytes);
  v("interconnect", x.interconnect), v("host_id", x.host_id);
}

template <class V>
void visit(V& v, Software& x) {
  v("framework", x.framework), v("version", x.version), v("driver", x.driver), v("commit", x.commit);
  v("uncommitted_changes", x.uncommitted_changes), v("build_flags", x.build_flags), v("system", x.system);
  v("libraries", x.libraries);
}

template <class V>
void visit(V& v, Clocks& x) {
  v("eval", x.eval), v("compile", x.compile), v("data", x.data), v("checkpoint", x.checkpoint);
  v("untimed_warmup_steps", x.untimed_warmup_steps);
}

template <class V>
void visit(V& v, SearchRange& x) {
  v("name", x.name), v("low", x.low), v("high", x.high), v("log", x.log), v("values", x.values);
}

template <class V>
void visit(V& v, Tuning& x) {
  v("group", x.group), v("trial", x.trial), v("trials", x.trials), v("ranges", x.ranges);
  v("selected_on", x.selected_on), v("seconds", x.seconds), v("flops", x.flops), v("joules", x.joules);
  v("usd", x.usd);
}

template <class V>
void visit(V& v, AuxiliaryCost& x) {
  v("kind", x.kind), v("name", x.name), v("seconds", x.seconds), v("flops", x.flops), v("joules", x.joules);
  v("samples", x.samples), v("usd", x.usd), v("charged", x.charged);
}

template <class V>
void visit(V& v, Price& x) {
  v("usd_per_hour", x.usd_per_hour), v("grams_co2_per_kwh", x.grams_co2_per_kwh), v("source", x.source);
  v("date", x.date), v("region", x.region);
}

template <class V>
void visit(V& v, Totals& x) {
  v("steps", x.steps), v("epochs", x.epochs), v("samples", x.samples), v("tokens", x.tokens);
  v("flops", x.flops), v("joules", x.joules), v("train_s", x.train_s), v("eval_s", x.eval_s);
  v("checkpoint_s", x.checkpoint_s), v("logging_s", x.logging_s), v("total_s", x.total_s);
  v("loader_wait_s", x.loader_wait_s), v("startup_s", x.startup_s);
  v("replayed_steps", x.replayed_steps), v("peak_memory_bytes", x.peak_memory_bytes),
      v("peak_device_memory_bytes", x.peak_device_memory_bytes);
}

template <class V>
void visit(V& v, LoaderStage& x) {
  v("name", x.name), v("seconds", x.seconds), v("bytes", x.bytes);
}

template <class V>
void visit(V& v, LoaderUse& x) {
  v("read", x.read), v("read_reason", x.read_reason), v("threads", x.threads), v("delivered", x.delivered);
  v("skipped", x.skipped), v("substituted", x.substituted), v("hedged", x.hedged), v("wait_s", x.wait_s);
  v("stages", x.stages), v("corrupt", x.corrupt);
}

template <class V>
void visit(V& v, RunRecord& x) {
  v("version", x.version), v("id", x.id), v("group", x.group), v("role", x.role), v("workload", x.workload);
  v("methods", x.methods), v("recipe_hash", x.recipe_hash), v("metric", x.metric), v("planned", x.planned);
  v("final_lr_fraction", x.final_lr_fraction), v("point", x.point);
  v("time_to_target", x.time_to_target), v("executed", x.executed), v("loader", x.loader);
  v("status", x.status), v("status_detail", x.status_detail), v("first_bad_step", x.first_bad_step);
  v("seed", x.seed), v("planned_runs", x.planned_runs), v("batch_size", x.batch_size);
  v("eval_interval_s", x.eval_interval_s);
  v("forwards_per_step", x.forwards_per_step), v("backwards_per_step", x.backwards_per_step);
  v("data", x.data), v("files", x.files), v("hardware", x.hardware), v("software", x.software), v("clocks", x.clocks);
  v("tuning", x.tuning), v("auxiliary", x.auxiliary), v("price", x.price);
  v("started_at", x.started_at), v("finished_at", x.finished_at), v("source", x.source);
  v("not_found", x.not_found);
}

// Infinities and NaN have no number in JSON.
Json number_json(double value) {
  if (std::isfinite(value)) {
    // Whole numbers without ".0", as people write them.
    if (value == std::floor(value) && std::abs(value) < 9e15) return static_cast<int64_t>(value);
    return value;
  }
  return number(value);
}

class RecordWriter {
 public:
  Json json = Json::object();

  template <class T>
  void operator()(const char* key, T& value) {
    put(key, value);
  }

 private:
  static Json plain(bool value) { return value; }
  static Json plain(int value) { return value; }
  static Json plain(int64_t value) { return value; }
  static Json plain(double value) { return number_json(value); }
  static Json plain(std::string& value) { return value; }
  template <class T>
    requires std::is_enum_v<T>
  static Json plain(T value) {
    return enum_name(value);
  }
  template <class T>
    requires std::is_class_v<T>
  static Json plain(T& value) {
    RecordWriter inner;
    visit(inner, value);
    return std::move(inner.json);
  }

  template <class T>
  void put(const char* key, T& value) {
    json[key] = plain(value);
  }
  template <class T>
  void put(const char* key, std::optional<T>& value) {
    json[key] = value ? plain(*value) : Json(nullptr);
  }
  void put(const char* key, std::string& value) {
    if (!value.empty()) json[key] = value;
  }
  template <class T>
  void put(const char* key, std::vector<T>& values) {
    if (values.empty()) return;
    Json& list = json[key] = Json::array();
    for (T& value : values) list.push_back(plain(value));
  }
  void put(const char* key, std::map<std::string, std::string>& values) {
    if (values.empty()) return;
    Json& object = json[key] = Json::object();
    for (auto& [name, value] : values) object[name] = value;
  }
};

class RecordReader {
 public:
  RecordReader(const Json& json, std::string path, std::string prefix)
      : json_(json), path_(std::move(path)), prefix_(std::move(prefix)) {}

  template <class T>
  void operator()(const char* key, T& value) {
    auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return;
    take(*found, prefix_ + key, value);
  }

 private:
  [[noreturn]] void refuse(const std::string& field, const std::string& expected, const Json& got) const {
    std::string text = got.dump(-1, ' ', false, Json::error_handler_t::replace);
    throw DataError(path_, "field " + field, "expected " + expected + ", got " + text.substr(0, 60));
  }

  void take(const Json& json, const std::string& field, std::string& value) const {
    if (!json.is_string()) refuse(field, "text", json);
    value = json.get<std::string>();
  }
  void take(const Json& json, const std::string& field, bool& value) const {
    if (!json.is_boolean()) refuse(field, "true or false", json);
    value = json.get<bool>();
  }
  void take(const Json& json, const std::string& field, double& value) const {
    if (json.is_number()) {
      value = json.get<double>();
    } else if (json == "nan") {
      value = std::nan("");
    } else if (json == "inf" || json == "-inf") {
      value = json == "inf" ? HUGE_VAL : -HUGE_VAL;
    } else {
      refuse(field, "a number", json);
    }
  }
  void take(const Json& json, const std::string& field, int64_t& value) const {
    double wide = 0;
    if (!json.is_number_integer()) {
      take(json, field, wide);
      if (wide != std::floor(wide) || std::abs(wide) > 9e15) refuse(field, "a whole number", json);
      value = static_cast<int64_t>(wide);
    } else {
      value = json.get<int64_t>();
    }
  }
  void take(const Json& json, const std::string& field, int& value) const {
    int64_t wide = 0;
    take(json, field, wide);
    value = static_cast<int>(wide);
  }
  template <class T>
    requires std::is_enum_v<T>
  void take(const Json& json, const std::string& field, T& value) const {
    std::vector<std::string> known;
    for (const auto& [candidate, text] : names_of(value)) {
      known.emplace_back(text);
      if (json == text) {
        value = candidate;
        return;
      }
    }
    refuse(field, "one of " + join(known, ", "), json);
  }
  template <class T>
    requires std::is_class_v<T>
  void take(const Json& json, const std::string& field, T& value) const {
    if (!json.is_object()) refuse(field, "an object", json);
    RecordReader inner(json, path_, field + ".");
    visit(inner, value);
  }
  template <class T>
  void take(const Json& json, const std::string& field, std::optional<T>& value) const {
    value.emplace();
    take(json, field, *value);
  }
  template <class T>
  void take(const Json& json, const std::string& field, std::vector<T>& values) const {
    if (!json.is_array()) refuse(field, "a list", json);
    for (size_t i = 0; i < json.size(); ++i) take(json[i], cat(field, "[", i, "]"), values.emplace_back());
  }
  void take(const Json& json, const std::string& field, std::map<std::string, std::string>& values) const {
    if (!json.is_object()) refuse(field, "an object", json);
    for (const auto& [key, value] : json.items()) take(value, field + "." + key, values[key]);
  }

  const Json& json_;
  std::string path_, prefix_;
};

}  // namespace

std::string_view name(Role role) { return enum_name(role); }
std::string_view name(Status status) { return enum_name(status); }
std::string_view name(Direction direction) { return enum_name(direction); }

Json to_json(const RunRecord& record) {
  RunRecord copy = record;  // the field lists serve the reader too, so they take a mutable record
  RecordWriter writer;
  visit(writer, copy);
  writer.json["recipe"] = recipe(record);
  return std::move(writer.json);
}

RunRecord record_from_json(const Json& json, const std::filesystem::path& path) {
  if (!json.is_object()) throw DataError(path.string(), "", "expected an object with the fields of a run record");
  RunRecord record;
  record.version = 0;
  RecordReader reader(json, path.string(), "");
  reader("version", record.version);
  if (record.version < 1) throw DataError(path.string(), "field version", "missing: this is no run record");
  if (record.version > kRecordVersion) {
    throw DataError(path.string(), "field version",
                    cat("the record has version ", record.version, ", this program reads up to ", kRecordVersion),
                    "use a newer hasten");
  }
  visit(reader, record);
  if (record.id.empty()) throw DataError(path.string(), "field id", "missing");
  auto found = json.find("recipe");
  if (found != json.end() && !found->is_null()) record.recipe_json = found->dump();
  return record;
}

Json recipe(const RunRecord& record) {
  if (record.recipe_json.empty()) return nullptr;
  return parse_json(record.recipe_json, "recipe of run " + record.id);
}

}  // namespace hasten::evaluate
