// What makes each lint fire, leaves it clean, and keeps it from knowing: L01 to L21.
#include "hasten/evaluate/lints/scene.h"

namespace hasten::evaluate::lints {
namespace {

const Change nothing = [](Scene&) {};

const std::map<std::string, Row> kFirstRows{
    {"L01",
     {[](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials = 2; }, "baseline"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials.reset(); }); }}},
    {"L02",
     {[](Scene& s) { s.each([](RunRecord& r) { r.tuning.ranges[0].high = 0.11; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.tuning.ranges.clear(); }); }}},
    {"L03",
     {[](Scene& s) {
        s.each([](RunRecord& r) { r.recipe_json = R"({"optimizer":{"lr":0.1,"weight_decay":0.1}})"; }, "fast");
      },
      nothing, [](Scene& s) { s.each([](RunRecord& r) { r.recipe_json = ""; }); }}},
    {"L04", {[](Scene& s) { s.runs = make_race(2); }, nothing, nullptr}},
    {"L05",
     {[](Scene& s) { s.each([](RunRecord& r) { r.seed = 1; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.seed.reset(); }); }}},
    {"L06", {[](Scene& s) { s.runs = make_race(5, 50.2, 50); }, nothing, [](Scene& s) { s.runs = make_race(1); }}},
    {"L07",
     {[](Scene& s) {
        s.has_claim = true;
        s.claim.hypotheses = 20;
      },
      nothing,
      [](Scene& s) {
        for (auto run : make_race(1)) {
          run.record.group += "2";
          run.record.role = Role::kMethod;
          s.runs.push_back(run);
        }
      }}},
    {"L08",
     {[](Scene& s) { s.each([](RunRecord& r) { r.executed.steps = 300; }, "fast"); }, nothing,
      [](Scene& s) {
        s.each([](RunRecord& r) {
          r.planned.steps.reset();
          r.final_lr_fraction.reset();
        });
      }}},
    {"L09",
     {[](Scene& s) { crossing(s); },
      [](Scene& s) {
        crossing(s);
        s.each([](RunRecord& r) { r.planned.steps = 500; });
      },
      [](Scene& s) {
        crossing(s);
        s.each([](RunRecord& r) { r.planned.steps.reset(); });
      }}},
    {"L10",
     {[](Scene& s) { s.each([](RunRecord& r) { r.metric.target_declared_at = "2026-03-01"; }); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.metric.target_declared_at = ""; }); }}},
    {"L11", {[](Scene& s) { three_budgets(s, 1.5, 0.005); }, [](Scene& s) { three_budgets(s, 1.5); }, nothing}},
    {"L12",
     {[](Scene& s) { s.each([](RunRecord& r) { r.data[1].hash = "aa"; }); }, nothing,
      [](Scene& s) {
        s.each([](RunRecord& r) {
          r.data.clear();
          r.metric.split = "";
        });
      }}},
    {"L13",
     {[](Scene& s) { s.each([](RunRecord& r) { r.tuning.selected_on = "test"; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.tuning.selected_on = ""; }); }}},
    {"L14",
     {[](Scene& s) { s.each([](RunRecord& r) { r.metric.definition = "another tokenizer"; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.metric.name = ""; }, "fast"); }}},
    {"L15",
     {nothing, [](Scene& s) { s.runs = make_race(5, 50, 50); },
      [](Scene& s) {
        for (auto& run : s.runs) run.events.erase(run.events.begin(), run.events.end() - 1);
      }}},
    {"L16",
     {crossing,
      [](Scene& s) {
        crossing(s);
        fine_grid(s);
      },
      no_target}},
    {"L17",
     {[](Scene& s) { s.each([](RunRecord& r) { r.clocks.eval = true; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.clocks = {}; }); }}},
    {"L18",
     {[](Scene& s) {
        s.each([](RunRecord& r) { r.clocks.untimed_warmup_steps = 10; }, "fast");
        s.each([](RunRecord& r) { r.clocks.untimed_warmup_steps = 0; }, "baseline");
      },
      nothing,
      [](Scene& s) {
        for (auto& run : s.runs) run.events.resize(1);
      }}},
    {"L19",
     {[](Scene& s) { s.each([](RunRecord& r) { r.hardware.accelerator = "A100"; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.hardware = {}; }); }}},
    {"L20",
     {[](Scene& s) { s.each([](RunRecord& r) { r.hardware.cpu = "Other"; }, "fast"); }, nothing,
      [](Scene& s) { s.each([](RunRecord& r) { r.hardware.cpu = ""; }); }}},
    {"L21",
     {[](Scene& s) {
        for (auto& event : s.method().events) event.t_train = *event.t_train * 3;
      },
      nothing, [](Scene& s) { s.each([](RunRecord& r) { r.recipe_hash = ""; }); }}}};

}  // namespace

const std::map<std::string, Row>& first_rows() { return kFirstRows; }

}  // namespace hasten::evaluate::lints
