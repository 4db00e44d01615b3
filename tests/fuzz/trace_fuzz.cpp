// Feeds broken traces to the reader and to every analysis. Errors of the documented kinds are fine, anything else is not.
//   trace_fuzz CORPUS                                replays the corpus
//   trace_fuzz CORPUS --seconds 600 [--seed N]       and then mutates it; a failing input is left in crash.json
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/diagnose/trace_verdict.h"
#include "hasten/report/trace_json.h"
#include "hasten/report/trace_page.h"
#include "hasten/report/trace_text.h"
#include "hasten/trace/compare.h"
#include "hasten/trace/overlay.h"

namespace {

using namespace hasten;

struct Counts {
  int64_t runs = 0, accepted = 0;
};

void analyse(const std::filesystem::path& path, trace::Semantics semantics, size_t piece, bool torn) {
  trace::AnalysisOptions options;
  options.view.semantics = semantics;
  options.read = {torn, piece};
  options.pattern = "a";
  options.threads = 1;
  if (semantics == trace::Semantics::kHta) options.hta_path = trace::PathOptions{"", 0, {}, true};
  trace::Analysis analysis = trace::analyze_traces({path}, options);
  diagnose::TraceVerdict verdict;
  if (semantics != trace::Semantics::kHta) verdict = diagnose::judge(analysis.overall, {.shortest_ns = 1});
  report::trace_json(analysis, verdict, 5).dump(-1, ' ', false, Json::error_handler_t::replace);
  report::trace_text(analysis, verdict, {}, 5);
  const trace::RankAnalysis& rank = analysis.ranks[0];
  trace::compare_by_name(rank.view, rank.view, {});
  trace::compare_steps(rank.view, rank.view, {.most = 2, .resamples = 10});
  if (semantics != trace::Semantics::kExact) return;
  report::trace_page(analysis, verdict, {});
  std::filesystem::path overlay = path.string() + ".overlay";
  if (rank.trace->repairs.count(trace::Repair::kTornEnd) == 0)
    trace::write_overlay(rank.view, *rank.path, *rank.partition, overlay);
  std::filesystem::remove(overlay);
}

bool run(const std::string& input, RandomStream& random, Counts& counts) {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / cat("trace_fuzz_", ::getpid(), ".json");
  std::ofstream(path, std::ios::binary) << input;
  ++counts.runs;
  bool good = true;
  for (auto semantics : {trace::Semantics::kExact, trace::Semantics::kHta, trace::Semantics::kTraceLens}) {
    try {
      size_t piece = random.below(2) == 0 ? size_t{1} << 20 : 1 + random.below(200);
      analyse(path, semantics, piece, random.below(2) == 0);
      ++counts.accepted;
    } catch (const DataError&) {
    } catch (const ConfigError&) {
    } catch (const std::exception& error) {
      std::cerr << "failure: " << error.what() << "\n";
      good = false;
    }
  }
  std::filesystem::remove(path);
  if (!good) std::ofstream("crash.json", std::ios::binary) << input;
  return good;
}

std::string mutated(std::string text, const std::vector<std::string>& corpus, RandomStream& random) {
  static const std::vector<std::string> kTokens = {"0",
                                                   "-1",
                                                   "1e308",
                                                   "9223372036854775807",
                                                   "-9223372036854775808",
                                                   "4294967295",
                                                   "1125899906842624",
                                                   "0.0005",
                                                   "null",
                                                   "\"\"",
                                                   "[]",
                                                   "{}",
                                                   "\"\\ud800\"",
                                                   "\\",
                                                   "\"",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\n",
                                                   "\xff",
                                                   "</script>",
                                                   "\"ph\": \"B\"",
                                                   "\"ph\": \"E\"",
                                                   "\"dur\": -5",
                                                   "\"correlation\": 7",
                                                   "\"stream\": -1",
                                                   "\"stream\": 0",
                                                   "\"ts\": 0",
                                                   "ProfilerStep#1",
                                                   "ncclKernel",
                                                   "cudaDeviceSynchronize",
                                                   "Context Sync",
                                                   "cuda_sync",
                                                   "kernel",
                                                   "traceEvents",
                                                   "NaN"};
  size_t edits = 1 + random.below(6);
  for (size_t k = 0; k < edits && !text.empty(); ++k) {
    size_t at = random.below(text.size()), other = random.below(text.size());
    size_t low = std::min(at, other), length = std::min<size_t>(std::max(at, other) - low, 1 + random.below(300));
    switch (random.below(8)) {
      case 0: text[at] = static_cast<char>(random.bits()); break;
      case 1: text.insert(at, kTokens[random.below(kTokens.size())]); break;
      case 2: text.erase(low, length); break;
      case 3: text.insert(at, text.substr(low, length)); break;
      case 4: {  // a number becomes another
        size_t digit = text.find_first_of("0123456789", at);
        if (digit == std::string::npos) break;
        size_t end = text.find_first_not_of("0123456789.", digit);
        text.replace(digit, end - digit, kTokens[random.below(8)]);
        break;
      }
      case 5: {
        const std::string& donor = corpus[random.below(corpus.size())];
        size_t from = random.below(donor.size());
        text.insert(at, donor.substr(from, 1 + random.below(300)));
        break;
      }
      case 6: text.resize(at); break;
      default: text[at] = static_cast<char>(text[at] ^ (1 << random.below(8))); break;
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "trace_fuzz CORPUS [--seconds N] [--seed N]\n";
    return 2;
  }
  double seconds_to_run = 0;
  uint64_t seed = 1;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seconds") == 0) seconds_to_run = std::stod(argv[i + 1]);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::stoull(argv[i + 1]);
  }
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    corpus.push_back(hasten::read_file(entry.path()));
  std::erase_if(corpus, [](const std::string& text) { return text.empty(); });
  if (corpus.empty()) {
    std::cerr << "no corpus in " << argv[1] << "\n";
    return 2;
  }
  std::sort(corpus.begin(), corpus.end());
  Counts counts;
  hasten::RandomStream random(seed, hasten::operation("trace_fuzz"), 0, 0);
  for (const std::string& input : corpus) {
    if (!run(input, random, counts)) return 1;
  }
  int64_t start = hasten::now_ns();
  while (hasten::seconds(hasten::now_ns() - start) < seconds_to_run) {
    if (!run(mutated(corpus[random.below(corpus.size())], corpus, random), random, counts)) return 1;
  }
  std::cout << counts.runs << " inputs, " << counts.accepted << " analyses of accepted ones, no failure\n";
}
