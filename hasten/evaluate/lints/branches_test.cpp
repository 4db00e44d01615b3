// The further reasons for which lints fire, or cannot know: one scene each, seen by the words that they say.
#include <gtest/gtest.h>

#include <tuple>

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

// Equal plans of evaluation, and methods that are `faster` times as fast on the same steps.
void equal_plans(Scene& s, double faster) {
  s.runs = make_race(5, 50, 50 / faster);
  complete(s);
  s.each([](RunRecord& r) { r.eval_interval_s = 5; });
}

// The speedup is 2 at both ends of the window around 0.9 and at 0.9, but not at 0.902.
void hump(Scene& s) {
  s.runs.clear();
  s.options.target = 0.9;
  int budget = 1;
  for (auto [quality, base, fast] :
       {std::tuple(0.89, 100.0, 50.0), {0.9, 200, 100}, {0.902, 400, 105}, {0.904, 420, 210}, {0.906, 440, 220}}) {
    std::string text = std::to_string(budget) + "ep";
    s.runs.push_back(make_run("baseline", 1, base, quality, text, 100 * budget));
    s.runs.push_back(make_run("fast", 1, fast, quality, text, 100 * budget));
    ++budget;
  }
}

const Branch kFires[] = {
    {"L01", "its search cost", [](Scene& s) { s.each([](RunRecord& r) { r.tuning.seconds = 10; }, "baseline"); }},
    {"L01", "not searched for", [](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials = 1; }); }},
    {"L03", "optimizer.wd is 0.1, of the baseline 0.01",
     [](Scene& s) { set_recipe(s, R"({"optimizer":{"wd":0.01}})", R"({"optimizer":{"wd":0.1}})"); }},
    {"L03", "optimizer.betas is [0.9,0.95], of the baseline [0.9,0.999]",
     [](Scene& s) {
       set_recipe(s, R"({"optimizer":{"betas":[0.9,0.999]}})", R"({"optimizer":{"betas":[0.9,0.95]}})");
     }},
    {"L03", "optimizer.minLR is 0.01 or 0.1, of the baseline 0.01",
     [](Scene& s) {
       set_recipe(s, R"({"optimizer":{"minLR":0.01}})", R"({"optimizer":{"minLR":0.01}})");
       s.runs.back().record.recipe_json = R"({"optimizer":{"minLR":0.1}})";
     }},
    {"L04", "2 runs, expected at least 3", [](Scene& s) { s.runs = make_race(2); }},
    {"L04", "enough for a hint", [](Scene& s) { s.runs = make_race(3); }},
    {"L04", "one cannot be tested",
     [](Scene& s) {
       std::erase_if(s.runs, [](const auto& run) { return run.record.group == "fast" && run.record.seed > 1; });
     }},
    {"L05", "1 of 5 runs have no seed", [](Scene& s) { s.method().record.seed.reset(); }},
    {"L06", "but with p = ", [](Scene& s) { s.options.target = 0.9049; }},
    {"L06", "it is faster with p = 0.0",
     [](Scene& s) {
       two_close_methods(s);
       claim(s);
       s.claim.alpha = 0.01;
     }},
    {"L07", "other: one of 2 hypotheses (methods x targets: 2 x 1), differs with p = 0.0", two_close_methods},
    {"L07", "corrected for their number (Holm) 0.079: no longer", two_close_methods},
    {"L07", "fast: one of 2 hypotheses (methods x targets: 1 x 2)", [](Scene& s) { s.options.targets = {0.85}; }},
    {"L08", "the learning rate ends at 100.0% of its peak",
     [](Scene& s) {
       s.each([](RunRecord& r) { r.planned.steps.reset(); });
       for (auto& event : s.method().events) event.lr = 1;
     }},
    {"L08", "stopped after 5 of 10 epochs", [](Scene& s) { in_epochs(s, 10, 10, 5); }},
    {"L09", "planned for 4 epochs, the baseline for 10",
     [](Scene& s) {
       crossing(s);
       in_epochs(s, 10, 4, 4);
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
    {"L10", "equals the best quality",
     [](Scene& s) {
       for (auto& run : s.runs) {
         if (run.record.group == "fast") run.events.back().metrics[0].value = 0.9;
       }
     }},
    {"L11", "and 3.81x at 0.902", hump},
    {"L12", "measured on the train split",
     [](Scene& s) {
       s.options.metric = "train/loss";
       s.options.target = 1.0;
     }},
    {"L15", "baseline every ", [](Scene& s) { equal_plans(s, 2.5); }},
    {"L17", "neither training nor evaluation",
     [](Scene& s) { s.each([](RunRecord& r) { r.executed.total_s = 2 * *r.executed.total_s; }, "fast"); }},
    {"L18", "times its median step",
     [](Scene& s) {
       for (auto& run : s.runs) {
         for (auto& event : run.events) *event.t_train += run.record.group == "fast" ? 100 : 0;
       }
     }},
    {"L18", "those of 2 others at most 1.0 times",
     [](Scene& s) {
       for (const Run& run : make_race()) {
         if (run.record.group == "fast") continue;
         s.runs.push_back(run);
         s.runs.back().record.group = "calm";
         s.runs.back().record.id += "-calm";
         s.runs.back().record.role = Role::kMethod;
       }
       for (auto& run : s.runs) {
         for (auto& event : run.events) *event.t_train += run.record.group == "fast" ? 100 : 0;
       }
     }},
    {"L23", "tokens a step differ: fast 500, baseline 1000",
     [](Scene& s) {
       s.each([](RunRecord& r) { r.executed.tokens = *r.executed.steps * (r.group == "fast" ? 500 : 1000); });
     }},
    {"L23", "data.flip is \"random\", of the baseline \"none\"",
     [](Scene& s) { set_recipe(s, R"({"data":{"flip":"none"}})", R"({"data":{"flip":"random"}})"); }},
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

const Branch kClean[] = {
    {"L03", "steps are no epsilon",
     [](Scene& s) {
       set_recipe(s, R"({"optimizer":{"momentum":0.9,"decay_steps":100}})",
                  R"({"optimizer":{"momentum":0.9,"decay_steps":200}})");
     }},
    {"L05", "one seed at several budgets", unnamed_budgets},
    {"L07", "corrected already",
     [](Scene& s) {
       two_close_methods(s);
       claim(s);
       s.claim.corrected = true;
     }},
    {"L08", "epochs counted from 0",
     [](Scene& s) {
       in_epochs(s, 10, 10, 10);
       s.each([](RunRecord& r) { r.executed.epochs.reset(); });
       for (auto& run : s.runs) {
         for (size_t i = 0; i < run.events.size(); ++i) run.events[i].epoch = static_cast<double>(i);
       }
     }},
    {"L15", "equal plans, steps a little longer", [](Scene& s) { equal_plans(s, 1.3); }},
    {"L17", "logging",
     [](Scene& s) {
       s.each([](RunRecord& r) {
         r.executed.logging_s = *r.executed.train_s;
         r.executed.total_s = *r.executed.total_s + *r.executed.logging_s;
       });
     }},
    {"L17", "work outside the run that its training seconds charge",
     [](Scene& s) {
       s.each([](RunRecord& r) {
         r.auxiliary.emplace_back().seconds = *r.executed.train_s / 2;
         r.auxiliary.back().charged = true;
       });
     }},
    {"L21", "another speed at another budget",
     [](Scene& s) {
       unnamed_budgets(s);
       for (auto& run : s.runs) {
         if (run.record.planned.steps != 1600) continue;
         for (auto& event : run.events) event.t_train = *event.t_train * 2;
       }
     }},
    {"L23", "how samples are loaded",
     [](Scene& s) { set_recipe(s, R"({"loader":{"augment":"batch"}})", R"({"loader":{"augment":"sample"}})"); }},
    {"L32", "the best of another budget", [](Scene& s) {
       unnamed_budgets(s);
       s.options.target = 0.895;
       s.each(
           [](RunRecord& r) {
             r.tuning.group = "search";
             r.tuning.trial = *r.seed;
           },
           "fast");
       claim(s);
       s.claim.quality = s.runs.back().events.back().metrics[0].value;
     }}};

const Branch kMissing[] = {
    {"L03", "weight decay, betas", [](Scene& s) { set_recipe(s, R"({"width":1})", R"({"width":2})"); }},
    {"L03", "tuning.ranges", [](Scene& s) { s.each([](RunRecord& r) { r.tuning.ranges.clear(); }); }},
    {"L06", "two or more runs a side", [](Scene& s) { s.runs = make_race(1); }},
    {"L06", "two or more runs of baseline", [](Scene& s) { s.runs = make_race(1); }},
    {"L08", "lr in the events of the first half",
     [](Scene& s) {
       s.each([](RunRecord& r) { r.planned.steps.reset(); });
       auto& events = s.method().events;  // the rest falls from a peak that nobody saw
       events.erase(events.begin(), events.begin() + 6);
     }},
    {"L08", "quality at the planned end", crossing},
    {"L10", "started_at", [](Scene& s) { s.each([](RunRecord& r) { r.started_at = ""; }); }},
    {"L11", "target", no_target},
    {"L16", "first crossings", [](Scene&) {}},
    {"L17", "clocks.eval", [](Scene& s) { s.each([](RunRecord& r) { r.clocks.eval.reset(); }); }},
    {"L17", "executed.total_s", [](Scene& s) { s.each([](RunRecord& r) { r.executed.eval_s.reset(); }); }},
    {"L29", "target", no_target},
    {"L30", "first crossings", [](Scene&) {}},
    {"L33", "settings that most runs of fast have",
     [](Scene& s) {
       for (auto& run : s.runs) {
         if (*run.record.seed < 3) run.record.recipe_json = R"({"a":1})";
         else if (*run.record.seed < 5) run.record.recipe_json = R"({"b":1})";
       }
     }},
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
    for (const Hit& hit : result.hits) said += hit.where + ": " + hit.message + "\n";
    EXPECT_NE(said.find(branch.words), std::string::npos) << branch.id << " said: " << said;
  }
}

TEST(LintBranches, WhatIsNoDefectIsClean) {
  for (const Branch& branch : kClean) {
    LintResult result = result_of(*find_lint(branch.id), branch.change);
    EXPECT_EQ(name(result.outcome), "clean")
        << branch.id << ", " << branch.words << ": " << (result.hits.empty() ? "" : result.hits[0].message)
        << join(result.missing, ", ");
  }
}

TEST(LintBranches, EveryReasonHasTheSeverityOfItsLint) {
  const Branch branches[] = {{"L06", "", [](Scene& s) { s.options.target = 0.9049; }},
                             {"L15", "", [](Scene&) {}},  // also where nothing is read at a crossing
                             {"L17", "", [](Scene& s) {
                                s.each([](RunRecord& r) { r.executed.total_s = 2 * *r.executed.total_s; }, "fast");
                              }}};
  for (const Branch& branch : branches) {
    LintResult result = result_of(*find_lint(branch.id), branch.change);
    EXPECT_FALSE(result.hits.empty()) << branch.id;
    for (const Hit& hit : result.hits) EXPECT_EQ(hit.severity, result.severity) << branch.id << ": " << hit.message;
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
