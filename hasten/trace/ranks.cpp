// Stragglers. Ranks have no common clock, but a collective ends for all at once: who has the shortest call came last.
#include "hasten/trace/ranks.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "hasten/trace/clamped_sum.h"
#include "hasten/trace/shapes.h"

namespace hasten::trace {
namespace {

// Less than the clock of an old trace tells apart (1 us): nobody was late.
constexpr int64_t kLateNs = 1000;
constexpr int64_t kUnknownBytes = -1;

struct Call {
  size_t rank;
  int64_t dur;
  int64_t bytes;
};

int64_t message_bytes(const View& view, size_t i) {
  constexpr int64_t kMostElements = int64_t{1} << 50;  // more is a broken file
  uint32_t row = view.rows[i];
  int64_t elements = std::max(view.trace->args.integer(Arg::kInElements, row).value_or(kUnknownBytes),
                              view.trace->args.integer(Arg::kOutElements, row).value_or(kUnknownBytes));
  int64_t width = element_bytes(view.trace->text_arg(Arg::kDataType, row));
  if (elements < 0 || elements > kMostElements || width == 0) return kUnknownBytes;
  return elements * width;
}

// Group and name; kernels of one collective may differ in their template arguments, not in what they do.
std::string key_of(const View& view, size_t i) {
  uint32_t row = view.rows[i];
  std::string key(view.trace->text_arg(Arg::kGroupName, row));
  std::string_view collective = view.trace->text_arg(Arg::kCollective, row);
  key += '\x1f';
  key += collective.empty() ? short_name(view.name(i)) : std::string(collective);
  return key;
}

bool is_decimal(char c) { return c >= '0' && c <= '9'; }

// "trace_rank-12.json" -> 12; -1: no number behind "rank".
int rank_in_name(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (size_t at = name.rfind("rank"); at != std::string::npos; at = at == 0 ? at - 1 : name.rfind("rank", at - 1)) {
    size_t begin = std::min(name.find_first_not_of("-_=. ", at + 4), name.size());
    int rank = -1;
    if (begin == name.size() || !is_decimal(name[begin])) continue;
    auto [end, error] = std::from_chars(name.data() + begin, name.data() + name.size(), rank);
    if (error == std::errc()) return rank;
  }
  return -1;
}

// Numbers in names by their value: "t2" before "t10".
bool natural_less(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!is_decimal(a[i]) || !is_decimal(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    auto digits = [](std::string_view text, size_t& at) {
      while (at < text.size() && text[at] == '0') ++at;
      size_t begin = at;
      while (at < text.size() && is_decimal(text[at])) ++at;
      return text.substr(begin, at - begin);
    };
    std::string_view of_a = digits(a, i), of_b = digits(b, j);
    if (of_a.size() != of_b.size()) return of_a.size() < of_b.size();
    if (of_a != of_b) return of_a < of_b;
  }
  return a.size() - i < b.size() - j;
}

// The time from the first device work to the last.
int64_t device_span_ns(const View& view) {
  int64_t begin = INT64_MAX, end = INT64_MIN;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0) continue;
    begin = std::min(begin, view.ts[i]);
    end = std::max(end, view.end(i));
  }
  return begin > end ? 0 : std::llround(view.ns(end - begin));
}

// Who made the others wait: nobody when two were last together, or when nobody could have noticed.
void blame(const std::vector<Call>& calls, const Call& last, int64_t waited, std::vector<RankRow>& ranks) {
  auto as_short = std::count_if(calls.begin(), calls.end(), [&](const Call& call) { return call.dur == last.dur; });
  int64_t mean_wait = waited / static_cast<int64_t>(calls.size() - 1);
  if (as_short > 1 || mean_wait < kLateNs) return;
  ++ranks[last.rank].last;
  ranks[last.rank].caused_ns += mean_wait;
}

std::vector<int> find_stragglers(std::vector<RankRow> ranks, int64_t wall_ns) {
  std::vector<int> stragglers;
  std::stable_sort(ranks.begin(), ranks.end(), [](const RankRow& a, const RankRow& b) { return a.last > b.last; });
  for (const RankRow& rank : ranks) {
    bool often = ranks.size() == 2 ? rank.last * 4 > 3 * rank.calls : rank.last * ranks.size() > 2 * rank.calls;
    bool costly = rank.caused_ns >= wall_ns / 100;
    if (rank.calls >= 4 && often && costly) stragglers.push_back(rank.rank);
  }
  return stragglers;
}

}  // namespace

std::vector<int> assign_ranks(const std::vector<int>& said, const std::vector<std::filesystem::path>& paths) {
  std::vector<int> ranks(said.size(), -1);
  std::set<int> used;
  auto take = [&](size_t i, int rank) {
    if (ranks[i] < 0 && rank >= 0 && used.insert(rank).second) ranks[i] = rank;
  };
  for (size_t i = 0; i < said.size(); ++i) take(i, said[i]);
  for (size_t i = 0; i < paths.size(); ++i) take(i, rank_in_name(paths[i]));
  std::vector<size_t> order(said.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (!paths.empty()) {
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return natural_less(paths[a].native(), paths[b].native()); });
  }
  int next = 0;
  for (size_t i : order) {
    while (used.contains(next)) ++next;
    take(i, next);
  }
  return ranks;
}

Ranks compare_ranks(const std::vector<const View*>& views, const std::vector<int>& ranks) {
  std::map<std::pair<std::string, size_t>, std::vector<Call>> calls;
  std::map<std::string, std::vector<uint8_t>> members;  // ranks that take part at all
  for (size_t r = 0; r < views.size(); ++r) {
    const View& view = *views[r];
    std::vector<uint32_t> rows;
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (view.device[i] != 0 && view.type[i] == KernelType::kCommunication) rows.push_back(i);
    }
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) { return view.ts[a] < view.ts[b]; });
    std::map<std::string, size_t> number;
    for (uint32_t i : rows) {
      std::string key = key_of(view, i);
      auto& present = members[key];
      present.resize(views.size());
      present[r] = 1;
      calls[{key, number[key]++}].push_back({r, std::llround(view.ns(view.dur[i])), message_bytes(view, i)});
    }
  }
  Ranks result;
  result.ranks.resize(views.size());
  int64_t wall_ns = 0;
  for (size_t r = 0; r < views.size(); ++r) {
    result.ranks[r].rank = ranks[r];
    wall_ns = std::max(wall_ns, device_span_ns(*views[r]));
  }
  std::map<std::string, CollectiveRow> rows;
  for (const auto& [key, taking_part] : calls) {
    const auto& present = members[key.first];
    auto expected = static_cast<size_t>(std::count(present.begin(), present.end(), 1));
    if (taking_part.size() < 2 || taking_part.size() < expected) {
      ++result.unmatched;
      continue;
    }
    auto last = std::min_element(taking_part.begin(), taking_part.end(),
                                 [](const Call& a, const Call& b) { return a.dur < b.dur; });
    CollectiveRow& row = rows[key.first];
    row.name = key.first.substr(key.first.find('\x1f') + 1);
    ++row.calls;
    row.ranks = taking_part.size();
    row.wire_ns += last->dur;
    if (row.bytes < 0 || last->bytes < 0) row.bytes = kUnknownBytes;
    else add_clamped(row.bytes, last->bytes);
    int64_t waited = 0;
    for (const Call& call : taking_part) {
      waited += call.dur - last->dur;
      result.ranks[call.rank].waited_ns += call.dur - last->dur;
      ++result.ranks[call.rank].calls;
    }
    row.skew_ns += waited / static_cast<int64_t>(taking_part.size());
    blame(taking_part, *last, waited, result.ranks);
  }
  for (auto& [key, row] : rows) {
    row.bytes = std::max<int64_t>(row.bytes, 0);
    result.collectives.push_back(row);
  }
  std::stable_sort(
      result.collectives.begin(), result.collectives.end(),
      [](const CollectiveRow& a, const CollectiveRow& b) { return a.skew_ns + a.wire_ns > b.skew_ns + b.wire_ns; });
  result.stragglers = find_stragglers(result.ranks, wall_ns);
  return result;
}

}  // namespace hasten::trace
