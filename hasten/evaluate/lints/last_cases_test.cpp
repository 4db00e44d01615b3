// What makes each lint fire, leaves it clean, and keeps it from knowing: L22 to L43.
#include "hasten/evaluate/lints/scene.h"

namespace hasten::evaluate::lints {
namespace {

const Change nothing = [](Scene&) {};

const std::map<std::string, Row> kLastRows{
    {"L22",
     {[](Scene& s) { s.each([](RunRecord& r) { r.executed.loader_wait_s = 8; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.executed.loader_wait_s.reset(); }); }}},
    {"L23",
     {[](Scene& s) { s.each([](RunRecord& r) { r.batch_size = 256; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.batch_size.reset(); }); }}},
    {"L24",
     {[](Scene& s) { s.each([](RunRecord& r) { r.auxiliary.emplace_back().kind = "teacher"; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.source = "csv: a log"; }); }}},
    {"L25",
     {[](Scene& s) {
        s.options.cost = Cost::kSteps;
        s.each([](RunRecord& r) { r.forwards_per_step = 2; }, "fast");
      },
      [](Scene& s) { s.options.cost = Cost::kSteps; },
      [](Scene& s) {
        s.options.cost = Cost::kSteps;
        s.each([](RunRecord& r) { r.forwards_per_step.reset(); });
      }}},
    {"L26",
     {nothing, [](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials = 1; }); },
      [](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials.reset(); }); }}},
    {"L27",
     {[](Scene& s) {
        s.has_claim = true;
        s.claim.cost = Cost::kFlops;
      },
      nothing, nullptr}},
    {"L28",
     {[](Scene& s) {
        s.options.cost = Cost::kSteps;
        s.each([](RunRecord& r) { r.executed.train_s = *r.executed.train_s * 2; }, "fast");
      },
      [](Scene& s) {
        s.options.cost = Cost::kSteps;
        s.runs = make_race(5, 70, 28.0);
      },
      [](Scene& s) {
        s.options.cost = Cost::kSteps;
        for (auto& run : s.runs) {
          run.record.executed.train_s.reset();
          for (auto& event : run.events) event.t_train.reset();
        }
      }}},
    {"L29",
     {[](Scene& s) { s.options.target = 0.99; }, nothing,
      [](Scene& s) {
        s.each([](RunRecord& r) { r.executed.train_s.reset(); }, "fast");
        for (auto& run : s.runs) {
          for (auto& event : run.events) event.t_train.reset();
        }
        s.options.cost = Cost::kTrainSeconds;
      }}},
    {"L30",
     {[](Scene& s) {
        crossing(s);
        for (auto& run : s.runs) run.events[8].metrics[0].value = 0.1;
      },
      crossing, no_target}},
    {"L31",
     {[](Scene& s) { s.method().record.status = Status::kDiverged; }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.planned_runs.reset(); }); }}},
    {"L32",
     {[](Scene& s) {
        s.has_claim = true;
        double best = 0;
        for (auto& run : s.runs) {
          if (run.record.group != "fast") continue;
          run.events.back().metrics[0].value += 0.01 * static_cast<double>(*run.record.seed);
          best = std::max(best, run.events.back().metrics[0].value);
        }
        s.claim.quality = best;
      },
      [](Scene& s) {
        s.has_claim = true;
        s.claim.speedup = 2.5;
      },
      nothing}},
    {"L33",
     {[](Scene& s) { s.method().record.recipe_json = R"({"other":{"lr":0.1}})"; }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.recipe_json = ""; }); }}},
    {"L34",
     {[](Scene& s) {
        s.has_claim = true;
        s.claim.speedup = 3;
      },
      [](Scene& s) {
        s.has_claim = true;
        s.claim.speedup = 2.5;
      },
      nothing}},
    {"L35",
     {[](Scene& s) {
        for (auto& run : s.runs) {
          if (run.record.group == "baseline") run.events.resize(0);
        }
      },
      nothing,
      [](Scene& s) {
        s.has_claim = true;
        s.claim.hardware = "H100";
        s.each([](RunRecord& r) { r.hardware = {}; });
      }}},
    {"L36", {[](Scene& s) { board(s, 2.6, 50); }, [](Scene& s) { board(s, 50, 50); }, nothing}},
    {"L37", {[](Scene& s) { tie(s, 2.2); }, [](Scene& s) { tie(s, 1.0); }, nothing}},
    {"L38",
     {[](Scene& s) {
        board(s, 12, 12);
        for (auto& run : s.workloads[0]) {
          if (run.record.group != "c") continue;
          for (auto& event : run.events) event.metrics[0].value = 0.1;
        }
      },
      [](Scene& s) { board(s, 12, 12); }, nothing}},
    {"L39", {[](Scene& s) { s.cost_table[2].second = 0.3; }, nothing, [](Scene& s) { s.cost_table.clear(); }}},
    {"L40", {[](Scene& s) { s.each([](RunRecord& r) { r.point = PointKind::kCyclic; }, "fast"); }, nothing, nullptr}},
    {"L41",
     {[](Scene& s) { s.each([](RunRecord& r) { r.price.date = ""; }); }, nothing,
      [](Scene& s) {
        s.has_claim = true;
        s.claim.cost = Cost::kUsd;
        s.each([](RunRecord& r) { r.price = {}; });
      }}},
    {"L42",
     {[](Scene& s) {
        s.has_claim = s.claim.neutral = true;
        crossing(s);
        for (auto& run : s.runs) {
          for (auto& event : run.events) event.step = *event.step + *run.record.seed;
        }
      },
      [](Scene& s) {
        s.has_claim = s.claim.neutral = true;
        s.runs = make_race(5, 70, 28);
        for (auto& run : s.runs) {
          for (size_t i = 0; i < run.events.size(); ++i)
            run.events[i].step = static_cast<int64_t>(100 * (i + 1)) + *run.record.seed;
        }
      },
      nothing}},
    {"L43",
     {[](Scene& s) { s.method().events[4].t_train = 0.1; }, nothing,
      [](Scene& s) {
        for (auto& run : s.runs) {
          for (auto& event : run.events) event.t_train = event.t_total = std::nullopt;
        }
      }}}};

}  // namespace

const std::map<std::string, Row>& last_rows() { return kLastRows; }

}  // namespace hasten::evaluate::lints
