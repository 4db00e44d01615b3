// Lines of events.jsonl. Written by hand and read with simdjson: imported logs can have millions of lines.
#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/line_reader.h"
#include "hasten/base/text.h"
#include "hasten/base/utf8.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {
namespace {

// Commas and keys of one object.
class LineWriter {
 public:
  explicit LineWriter(std::string& out) : out_(out) { out_ += '{'; }
  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  void number(std::string_view name, const std::optional<double>& value) {
    if (!value) return;
    key(name);
    append_json_number(*value, out_);
  }
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    append_json_text(value, out_);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

struct Field {
  std::string_view name;
  std::optional<double> EventRecord::*member;
};

constexpr std::array<Field, 10> kFields{{{"epoch", &EventRecord::epoch},
                                         {"samples", &EventRecord::samples},
                                         {"tokens", &EventRecord::tokens},
                                         {"t_train", &EventRecord::t_train},
                                         {"t_eval", &EventRecord::t_eval},
                                         {"t_total", &EventRecord::t_total},
                                         {"loader_wait", &EventRecord::loader_wait},
                                         {"flops", &EventRecord::flops},
                                         {"joules", &EventRecord::joules},
                                         {"lr", &EventRecord::lr}}};

using Element = simdjson::ondemand::value;

// A number, or one of the words that stand for what JSON cannot write; nullopt for null.
std::optional<double> read_number(Element value) {
  switch (value.type()) {
    case simdjson::ondemand::json_type::null: return std::nullopt;
    case simdjson::ondemand::json_type::number: return value.get_double().value();
    default: {
      std::string_view word = value.get_string().value();
      if (word == "nan") return std::nan("");
      if (word == "inf") return HUGE_VAL;
      if (word == "-inf") return -HUGE_VAL;
      throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
    }
  }
}

MetricValue read_metric(simdjson::ondemand::object object) {
  MetricValue metric;
  for (auto field : object) {
    std::string_view key = field.unescaped_key();
    if (key == "name") {
      metric.name = std::string_view(field.value());
    } else if (key == "split") {
      metric.split = std::string_view(field.value());
    } else if (key == "weights") {
      metric.weights = std::string_view(field.value());
    } else if (key == "value") {
      metric.value = read_number(field.value().value()).value_or(std::nan(""));
    }
  }
  return metric;
}

EventRecord read_event(simdjson::ondemand::document& document) {
  EventRecord event;
  for (auto field : document.get_object()) {
    std::string_view key = field.unescaped_key();
    if (key == "step") {
      if (auto step = read_number(field.value().value())) event.step = whole_number(*step);
    } else if (key == "kind") {
      event.kind = std::string_view(field.value());
    } else if (key == "note") {
      event.note = std::string_view(field.value());
    } else if (key == "metrics") {
      for (auto metric : field.value().get_array()) event.metrics.push_back(read_metric(metric.get_object()));
    } else {
      for (const Field& known : kFields) {
        if (known.name == key) event.*known.member = read_number(field.value().value());
      }
    }
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    throw simdjson::simdjson_error(simdjson::TRAILING_CONTENT);
  return event;
}

}  // namespace

std::optional<int64_t> whole_number(double value) {
  if (!(std::abs(value) <= 9007199254740992.0)) return std::nullopt;
  return static_cast<int64_t>(std::floor(value));
}

void append_json_number(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += '"';
    out += number(value);
    out += '"';
    return;
  }
  std::array<char, 32> buffer;
  auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end);
}

void append_json_text(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (size_t at = 0, bytes = 1; at < text.size(); at += bytes) {
    char c = text[at];
    auto byte = static_cast<unsigned char>(c);
    bytes = 1;
    if (byte >= 0x80) {
      const size_t valid = first_character(text.substr(at)).bytes;
      bytes = valid > 0 ? valid : 1;
      out += valid > 0 ? text.substr(at, valid) : std::string_view("\xEF\xBF\xBD");  // U+FFFD: our lines stay readable
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

struct EventParser::Buffers {
  simdjson::ondemand::parser parser;
  std::string line;  // with the room behind it that simdjson needs
};

EventParser::EventParser() : buffers_(std::make_unique<Buffers>()) {}
EventParser::~EventParser() = default;
EventParser::EventParser(EventParser&&) noexcept = default;
EventParser& EventParser::operator=(EventParser&&) noexcept = default;

EventRecord EventParser::parse(std::string_view line, const std::filesystem::path& path) {
  std::string& copy = buffers_->line;
  copy = line;
  copy.reserve(line.size() + simdjson::SIMDJSON_PADDING);
  try {
    auto document = buffers_->parser.iterate(copy.data(), copy.size(), copy.capacity()).value();
    return read_event(document);
  } catch (const simdjson::simdjson_error& error) {
    throw DataError(path.string(), "", cat("not an event (", error.what(), ")"));
  }
}

void append_event_line(const EventRecord& event, std::string& out) {
  LineWriter line(out);
  line.text("kind", event.kind);
  if (event.step) {
    line.key("step");
    out += std::to_string(*event.step);
  }
  for (const Field& field : kFields) line.number(field.name, event.*field.member);
  line.text("note", event.note);
  if (!event.metrics.empty()) {
    line.key("metrics");
    char separator = '[';
    for (const MetricValue& metric : event.metrics) {
      out += separator;
      separator = ',';
      LineWriter object(out);
      object.text("name", metric.name);
      object.text("split", metric.split);
      object.number("value", metric.value);
      if (metric.weights != "raw") object.text("weights", metric.weights);
      out += '}';
    }
    out += ']';
  }
  out += "}\n";
}

std::string event_line(const EventRecord& event) {
  std::string out;
  append_event_line(event, out);
  return out;
}

int64_t read_events(const std::filesystem::path& file, const std::function<void(EventRecord&&)>& take) {
  LineReader reader(file);
  static_assert(LineReader::kPadding >= simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::parser parser;
  std::string_view line;
  while (reader.next(line)) {
    if (trim(line).empty()) continue;
    EventRecord event;
    try {
      auto document = parser.iterate(simdjson::padded_string_view(line, reader.capacity_behind(line))).value();
      event = read_event(document);
    } catch (const simdjson::simdjson_error& error) {
      if (!reader.ended_with_newline()) return 1;  // written while the process died
      throw DataError(file.string(), cat("line ", reader.number()), cat("not an event (", error.what(), ")"));
    }
    take(std::move(event));
  }
  return 0;
}

}  // namespace hasten::evaluate
