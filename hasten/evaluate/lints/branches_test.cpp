// The further reasons for which lints fire, or cannot know: one scene each, seen by the words that they say.
#include <gtest/gtest.h>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/scene.h"

namespace hasten::evaluate::lints {
namespace {

struct Branch {
  const char *id, *words;
  Change change;
};

void claim(Scene& s) { s.has_claim = true; }

// Two methods that are faster with p = 0.04 each.
void two_close_methods(Scene& s) {
  s.runs.clear();
  for (int seed = 1; seed <= 5; ++seed) {
    double wobble = std::exp(0.01 * (seed - 3));
    s.runs.push_back(make_run("baseline", seed, 70 * wobble, 0.905));
    s.runs.push_back(make_run("fast", seed, 68.3 * wobble, 0.905));
    s.runs.push_back(make_run("other", seed, 68.3 * wobble, 0.905));
  }
}

void searches(Scene& s) {
  s.each([](RunRecord& r) {
    r.tuning.group = cat("study_", *r.seed);
    r.tuning.trial = 1;
  });
}

const Branch kFires[] = {
    {"L01", "its search cost", [](Scene& s) { s.each([](RunRecord& r) { r.tuning.seconds = 10; }, "baseline"); }},
    {"L01", "not searched for", [](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials = 1; }); }},
    {"L04", "2 runs, expected at least 3", [](Scene& s) { s.runs = make_race(2); }},
    {"L04", "enough for a hint", [](Scene& s) { s.runs = make_race(3); }},
    {"L04", "one cannot be tested",
     [](Scene& s) {
       std::erase_if(s.runs, [](const auto& run) { return run.record.group == "fast" && run.record.seed > 1; });
     }},
    {"L05", "1 of 5 runs have no seed", [](Scene& s) { s.method().record.seed.reset(); }},
    {"L06", "but with p = ", [](Scene& s) { s.options.target = 0.9049; }},
    {"L07", "corrected for their number (Holm)", two_close_methods},
    {"L08", "the learning rate ends at 100.0% of its peak",
     [](Scene& s) {
       s.each([](RunRecord& r) { r.planned.steps.reset(); });
       for (auto& event : s.method().events) event.lr = 1;
     }},
    {"L10", "no target was declared", [](Scene& s) { s.each([](RunRecord& r) { r.metric.target.reset(); }); }},
    {"L10", "equals the best quality",
     [](Scene& s) {
       three_budgets(s, 1.5);
       for (auto& run : s.runs) {
         bool longest = run.record.group == "fast" && run.record.planned.text == "16ep";
         if (longest) run.events.back().metrics[0].value = 0.9;
       }
     }},
    {"L12", "measured on the train split",
     [](Scene& s) {
       s.options.metric = "train/loss";
       s.options.target = 1.0;
     }},
    {"L17", "neither training nor evaluation",
     [](Scene& s) { s.each([](RunRecord& r) { r.executed.total_s = 2 * *r.executed.total_s; }, "fast"); }},
    {"L18", "times its median step",
     [](Scene& s) {
       for (auto& run : s.runs) {
         for (auto& event : run.events) *event.t_train += run.record.group == "fast" ? 100 : 0;
       }
     }},
    {"L29", "no run reaches 0.99",
     [](Scene& s) {
       crossing(s);
       s.options.target = 0.99;
     }},
    {"L29", "below the least measured budget",
     [](Scene& s) {
       three_budgets(s, 1.5);
       s.options.target = 0.8;
     }},
    {"L30", "less than one standard deviation",
     [](Scene& s) {
       crossing(s);
       s.options.target = s.method().events[5].metrics[0].value - 1e-6;
     }},
    {"L31", "study_1: 1 of 5 trials are here", searches},
    {"L31", "4 searches are here, other groups have 5",
     [](Scene& s) {
       searches(s);
       s.runs.erase(s.runs.begin() + 1);
     }},
    {"L31", "5 of 7 planned runs are here", [](Scene& s) { s.each([](RunRecord& r) { r.planned_runs = 7; }); }},
    {"L31", "without a result", [](Scene& s) { s.method().record.status = Status::kDiverged; }},
    {"L31", "none of its runs is here",
     [](Scene& s) {
       for (auto& run : s.runs) {
         if (run.record.group != "fast") continue;
         run.record.status = Status::kMissing;
         run.events.clear();
       }
     }},
    {"L32", "that of trial 3, the best of 5",
     [](Scene& s) {
       s.each(
           [](RunRecord& r) {
             r.tuning.group = "search";
             r.tuning.trial = *r.seed;
           },
           "fast");
       for (auto& run : s.runs) {
         if (run.record.group == "fast" && *run.record.seed == 3) run.events.back().metrics[0].value = 0.999;
       }
       s.has_claim = true;
       s.claim.quality = 0.999;
     }},
    {"L32", "that of its fastest run",
     [](Scene& s) {
       claim(s);
       double mean = 0, least = 1e9;
       for (auto& run : s.runs) {
         bool fast = run.record.group == "fast";
         if (fast && run.record.seed == 1) *run.record.executed.train_s *= 0.8;
         if (fast) least = std::min(least, *run.record.executed.train_s);
         else mean += *run.record.executed.train_s / 5;
       }
       s.claim.speedup = mean / least;
     }},
    {"L33", "lies outside the declared search",
     [](Scene& s) {
       s.method().record.recipe_json = R"({"optimizer":{"lr":100,"weight_decay":0.01,"momentum":0.9}})";
     }},
    {"L33", "other settings than the rest",
     [](Scene& s) { s.method().record.recipe_json = R"({"optimizer":{"lr":0.1,"nesterov":1}})"; }},
    {"L34", "the claim says 0.5, its runs have a mean of",
     [](Scene& s) {
       claim(s);
       s.claim.quality = 0.5;
     }},
    {"L34", "the claim says 3.000x in train seconds, the logs give",
     [](Scene& s) {
       claim(s);
       s.claim.speedup = 3;
     }},
    {"L35", "the claim names it, but no run of it is here",
     [](Scene& s) {
       claim(s);
       s.claim.baseline = "absent";
     }},
    {"L35", "has no run on H100",
     [](Scene& s) {
       claim(s);
       s.claim.hardware = "H100";
     }},
    {"L41", "no source", [](Scene& s) { s.each([](RunRecord& r) { r.price.source = ""; }); }},
    {"L41", "the claim's price has no date or source", [](Scene& s) {
       claim(s);
       s.claim.price_usd = 3;
     }}};

const Branch kMissing[] = {
    {"L03", "tuning.ranges", [](Scene& s) { s.each([](RunRecord& r) { r.tuning.ranges.clear(); }); }},
    {"L06", "two or more runs a side", [](Scene& s) { s.runs = make_race(1); }},
    {"L06", "two or more runs of baseline", [](Scene& s) { s.runs = make_race(1); }},
    {"L08", "lr in the events of the first half",
     [](Scene& s) {
       s.each([](RunRecord& r) { r.planned.steps.reset(); });
       auto& events = s.method().events;  // the rest falls from a peak that nobody saw
       events.erase(events.begin(), events.begin() + 6);
     }},
    {"L10", "started_at", [](Scene& s) { s.each([](RunRecord& r) { r.started_at = ""; }); }},
    {"L11", "target", no_target},
    {"L17", "clocks.eval", [](Scene& s) { s.each([](RunRecord& r) { r.clocks.eval.reset(); }); }},
    {"L17", "executed.total_s", [](Scene& s) { s.each([](RunRecord& r) { r.executed.eval_s.reset(); }); }},
    {"L29", "target", no_target},
    {"L34", "quality of fast",
     [](Scene& s) {
       claim(s);
       s.claim.quality = 0.9;
       for (auto& run : s.runs) {
         if (run.record.group == "fast") run.events.clear();
       }
     }},
    {"L34", "train seconds to the target on both sides",
     [](Scene& s) {
       claim(s);
       s.claim.speedup = 2;
       s.options.target = 0.99;
     }},
    {"L42", "target",
     [](Scene& s) {
       no_target(s);
       s.has_claim = s.claim.neutral = true;
     }},
    {"L42", "steps of two or more runs a side", [](Scene& s) {
       s.runs = make_race(1);
       s.has_claim = s.claim.neutral = true;
     }}};

TEST(LintBranches, EveryReasonIsSaid) {
  for (const Branch& branch : kFires) {
    LintResult result = result_of(*find_lint(branch.id), branch.change);
    std::string said;
    for (const Hit& hit : result.hits) said += hit.message + "\n";
    EXPECT_NE(said.find(branch.words), std::string::npos) << branch.id << " said: " << said;
  }
}

TEST(LintBranches, EveryMissingFieldIsNamed) {
  for (const Branch& branch : kMissing) {
    LintResult result = result_of(*find_lint(branch.id), branch.change);
    bool named = std::any_of(result.missing.begin(), result.missing.end(),
                             [&](const std::string& field) { return field.find(branch.words) != std::string::npos; });
    EXPECT_TRUE(named) << branch.id << ", " << branch.words << ": " << join(result.missing, ", ");
  }
}

}  // namespace
}  // namespace hasten::evaluate::lints
