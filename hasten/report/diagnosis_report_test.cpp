// Reports of a diagnosis: what the words say, that nothing from names becomes markup, and the page in a browser.
#include "hasten/report/diagnosis_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/diagnose/test_measurements.h"
#include "hasten/report/diagnosis_wording.h"
#include "hasten/report/test_browser.h"

namespace hasten::report {
namespace {

using diagnose::Candidate;
using diagnose::Examination;
using diagnose::Part;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using E = diagnose::Experiment;

Examination examined(diagnose::Measurements measurements, const std::vector<Candidate>& candidates = {},
                     const std::vector<MethodSpec>& catalogue = {}) {
  diagnose::Diagnosis diagnosis = diagnose::diagnose(measurements);
  diagnose::Advice advice = diagnose::advise(diagnosis, candidates, catalogue);
  return {.measurements = std::move(measurements), .diagnosis = std::move(diagnosis), .advice = std::move(advice)};
}

// A loader that decodes for 20 ms beside a step of 10.
diagnose::Measurements decoding() {
  const auto times = diagnose::test::with(
      diagnose::test::quiet(),
      {{E::kFull, 25}, {E::kDrain, 25}, {E::kCached, 25}, {E::kDelayPrepare, 28.6}, {E::kDelayCompute, 25.1}});
  auto out = diagnose::test::measured(
      times, diagnose::test::busy_ms({{Part::kFetch, 2}, {Part::kDecode, 18}, {Part::kAugment, 5}}));
  out.facts.device = "NVIDIA H100";
  out.left_out = {{E::kNoReduction, "one process"}, {E::kGraph, "no graphs here"}, {E::kDelayFetch, "no files"}};
  out.conditions.seconds = 61;
  out.conditions.others_cores = 0.02;
  out.conditions.throttled_share = 0;
  out.window_s = 0.4;
  return out;
}

std::vector<Candidate> candidates() {
  Candidate workers, half, thread;
  workers.name = "loader.workers=4";
  workers.set = {"loader.workers=4"};
  for (Part part : {Part::kFetch, Part::kDecode, Part::kAugment}) workers.effect[part] = 0.3;
  half.name = "mixed_precision";
  half.with = {"mixed_precision"};
  half.effect[Part::kCompute] = 0.6;
  thread.name = "memory";
  thread.set = {"loader.residence=\"memory\""};
  thread.effect[Part::kDecode] = 0;
  return {workers, half, thread};
}

std::vector<MethodSpec> catalogue() {
  MethodSpec heavy, pruning;
  heavy.name = "heavy_jpeg";
  heavy.worsens = {Bottleneck::kDecode};
  pruning.name = "pruning";
  pruning.saves = Factor::kIterations;
  return {heavy, pruning};
}

// With everything that a report can show.
Examination full() {
  Examination found = examined(decoding(), candidates(), catalogue());
  found.command = "hasten diagnose made-up.toml";
  found.roofline = diagnose::RooflinePoint{2e9, 4e8, 0.01, 1e12, 1e11};
  found.memory = {"this machine", 1.5e9, 16e9, "64 fits"};
  found.energy_unavailable = "no counter here";
  found.notes = {"el2n_pruning was left out"};
  diagnose::Realised tried, failed, guess;
  tried.remedy = found.advice.remedies.at(0);
  tried.gain = 2.1;
  tried.interval = {1.9, 2.2};
  failed.remedy = found.advice.remedies.at(1);
  failed.failed = "out of memory";
  guess.remedy.candidate.name = "batch.size=7";
  guess.remedy.predicted = false;
  guess.gain = 0.9;
  guess.interval = {0.85, 0.95};
  found.realised = {tried, failed, guess};
  return found;
}

TEST(DiagnosisText, SaysTheVerdictFirst) {
  const std::string text = diagnosis_text(full());
  EXPECT_THAT(
      text,
      StartsWith("decode-bound: 60% of the step (60 to 60%), at most 2.50x faster without (2.50 to 2.50), confidence"));
  EXPECT_THAT(text, AllOf(HasSubstr("\n  evidence: "),
                          HasSubstr("\n  decode-bound means: decoding of samples does not keep up\n"),
                          HasSubstr("\n  note: el2n_pruning was left out\n"), HasSubstr("margin 60 points")));
  for (const std::string& line : split(text, '\n')) EXPECT_LE(display_width(line), 100u) << line;
}

TEST(DiagnosisText, DrawsEveryChainAndMarksTheLongest) {
  const std::string text = diagnosis_text(full());
  EXPECT_THAT(text, HasSubstr("a step of made up on NVIDIA H100 takes 25.0 ms: 1.28k samples/s in batches of 32\n"));
  EXPECT_THAT(text,
              HasSubstr("  ->  [fet][decode###################################][augment===]  25.0 ms, the longest\n"));
  EXPECT_THAT(text, HasSubstr("      fetch 2.00 ms, decode 18.0 ms (binds), augment 5.00 ms\n"));
  EXPECT_THAT(text, HasSubstr("      [compute===============]"));
  EXPECT_THAT(text, HasSubstr("The stage model explains the run: it says 25.0 ms, off by 0%."));
}

TEST(DiagnosisText, ChainsThatTakeTurnsFollowEachOther) {
  const auto times = diagnose::test::with(diagnose::test::quiet(), {{E::kFull, 14}});
  const Examination found = examined(diagnose::test::measured(times, diagnose::test::quiet_loader()));
  const auto rows = pipeline_rows(found.diagnosis);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NEAR(rows[1].begin_s, rows[0].seconds, 1e-12);
  EXPECT_FALSE(rows[0].longest || rows[1].longest);
  EXPECT_THAT(diagnosis_text(found), AllOf(StartsWith("serial: "), HasSubstr("The chains take turns")));
}

TEST(DiagnosisText, ALoaderWithoutClocksIsOneStage) {
  const auto times = diagnose::test::with(diagnose::test::quiet(), {{E::kFull, 16}, {E::kDrain, 16}});
  auto measurements = diagnose::test::measured(times);
  for (diagnose::Round& round : measurements.rounds) round[E::kDrain].busy_s.reset();
  EXPECT_EQ(pipeline_rows(examined(std::move(measurements)).diagnosis)[0].stages[0].name, "loader");
}

TEST(DiagnosisText, ShowsWhatWasMeasuredAndWhatNot) {
  const std::string text = diagnosis_text(full());
  EXPECT_THAT(text, HasSubstr("\n  R4    only samples that lie in memory"));
  EXPECT_THAT(text, HasSubstr("25.00  1.000  <1.5%\n"));
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("\n  preparation 0.96 (0.96 to 0.96)\n"), HasSubstr("\n  R12: one process\n"),
            HasSubstr(
                "\n  roofline       5.00 FLOP a byte at most, ridge at 10.0; 20% of the measured peak of 1.00TFLOP/s;"),
            HasSubstr("\n  memory         1.50GB used of 16.0GB (9%), this machine; a batch of 64 fits\n"),
            HasSubstr("\n  energy         unavailable: no counter here\n"),
            HasSubstr("\n  clock          unknown; whether that is below its nominal rate was not checked\n"),
            HasSubstr("\n  container      no quota, memory nodes unknown\n"),
            HasSubstr("\n  page cache     no files are read\n"),
            HasSubstr("5 rounds, windows of 400ms, 1m01s in all\n")));
}

TEST(DiagnosisText, ShowsConditionsThatAreKnown) {
  Examination found = full();
  diagnose::Conditions& conditions = found.measurements.conditions;
  conditions.others_cores = 3;
  conditions.counted_cores = 64;
  conditions.quota_cores = 1.5;
  conditions.numa_nodes = 2;
  conditions.governor = "powersave";
  conditions.clock_mhz = conditions.least_clock_mhz = 2600;
  found.measurements.facts.nominal_mhz = 2500;
  conditions.resident_at_begin = 0.25;
  conditions.resident_at_end = 1;
  const std::string text = diagnosis_text(found);
  EXPECT_THAT(text, HasSubstr("\n  others' load   3.00 processors of 64 (5%), "));
  EXPECT_THAT(text,
              HasSubstr("\n  clock          2600 MHz on average, 2600 at least, nominal 2500; governor powersave\n"));
  EXPECT_THAT(text, HasSubstr("\n  container      a quota of 1.50 processors, 2 memory nodes\n"));
  EXPECT_THAT(text, HasSubstr("\n  page cache     25% of the data's files at the beginning, 100% at the end\n"));
  const Json json = diagnosis_json(found)["conditions"];
  EXPECT_EQ(json["counted_cores"], 64);
  EXPECT_EQ(json["quota_cores"], 1.5);
  EXPECT_EQ(json["numa_nodes"], 2);
  EXPECT_EQ(json["governor"], "powersave");
  EXPECT_EQ(json["resident_share"]["begin"], 0.25);
  EXPECT_EQ(json["resident_share"]["end"], 1);
}

TEST(DiagnosisText, EnergySaysWhichCountersItIsOf) {
  Examination found = full();
  found.energy = {{"computation", 3}, {"input", 1}};
  found.energy_source = "RAPL package-0";
  found.energy_unavailable = "NVML: no library";
  EXPECT_THAT(diagnosis_text(found),
              HasSubstr("\n  energy         4.00 J a step: computation 3.00 J (75%), input 1.00 J (25%); by RAPL "));
  const Json json = diagnosis_json(found)["energy"];
  EXPECT_EQ(json["source"], "RAPL package-0");
  EXPECT_EQ(json["missing"], "NVML: no library");
  EXPECT_TRUE(json["unavailable"].is_null());
}

TEST(DiagnosisText, AdvisesWithTheGainAndHowToHaveIt) {
  const std::string text = diagnosis_text(full());
  EXPECT_THAT(text, HasSubstr("\n  loader.workers=4: predicted 2.50x; then compute-bound; --set loader.workers=4\n"));
  EXPECT_THAT(text, HasSubstr("--set 'loader.residence=\"memory\"'\n"));
  EXPECT_THAT(text, HasSubstr("\nwill not help here\n  mixed_precision: it saves "));
  EXPECT_THAT(text, HasSubstr("\nwould make it worse\n  heavy_jpeg: it adds to decode"));
  EXPECT_THAT(text, AllOf(HasSubstr("'hasten race' measures what these gain\n  pruning\n"),
                          HasSubstr("\nsettings\n  samples kept")));
  EXPECT_THAT(
      text, AllOf(HasSubstr("  loader.workers=4      2.50x     2.10x    1.90 to 2.20                  0.84\n"),
                  HasSubstr("  memory failed: out of memory\n"), HasSubstr("  batch.size=7              -    0.900x")));
}

TEST(DiagnosisText, AGainThatIsOnlyBoundedIsNoPrediction) {
  diagnose::Remedy remedy;
  remedy.gain = remedy.most = 1.6;
  remedy.bound_only = true;
  EXPECT_EQ(gain_text(remedy), "at most 1.60x");
  remedy.bound_only = false;
  remedy.gain = 1.44;
  remedy.next = diagnose::Limit::kTransfer;
  EXPECT_EQ(gain_text(remedy), "predicted 1.44x, at most 1.60x; then copy-bound");
  remedy.most = 1.2;
  EXPECT_EQ(gain_text(remedy), "predicted 1.44x; then copy-bound") << "more samples a step";
}

TEST(DiagnosisText, RefusesInWordsAndSaysWhatIsKnown) {
  const auto measurements = diagnose::test::measured(diagnose::test::quiet(), diagnose::test::quiet_loader(), 2);
  const std::string text = diagnosis_text(examined(measurements));
  EXPECT_THAT(text, StartsWith("no verdict: too short: 2 rounds"));
  EXPECT_THAT(text, HasSubstr("\n  the likeliest, with confidence 100%: compute-bound: "));
  const Json json = diagnosis_json(examined(measurements));
  EXPECT_THAT(text, Not(HasSubstr("binds"))) << "without a verdict nothing is marked";
  EXPECT_TRUE(json["verdict"]["limit"].is_null());
  EXPECT_EQ(json["findings"][0]["limit"], "compute-bound");
}

TEST(DiagnosisText, AThrottledMachineHasNoShare) {
  auto measurements = decoding();
  measurements.conditions.throttled_share = 0.4;
  const Examination found = examined(measurements);
  EXPECT_THAT(diagnosis_text(found), AllOf(StartsWith("throttled, confidence 100%\n"),
                                           HasSubstr("\nwhat helps\n  that cannot be told while")));
  EXPECT_THAT(diagnosis_page(found), AllOf(HasSubstr("<p>that cannot be told while the machine is throttled</p>"),
                                           Not(HasSubstr("othing that is known here"))));
  EXPECT_TRUE(diagnosis_json(found)["verdict"]["share"].is_null());
  EXPECT_TRUE(diagnosis_json(found)["findings"][0]["s_max"].is_null());
}

TEST(DiagnosisJson, HasNumbersRoundsAndNulls) {
  Examination found = full();
  found.realised[0].remedy.candidate.effect.workers = 2;
  const Json json = diagnosis_json(found);
  EXPECT_EQ(json["realised"][0]["remedy"]["loader_threads_factor"], 2);
  EXPECT_EQ(json["verdict"]["limit"], "decode-bound");
  EXPECT_NEAR(json["findings"][0]["share"].get<double>(), 0.6, 1e-9);
  EXPECT_NEAR(json["stage_model"]["parts"]["decode"].get<double>(), 0.018, 1e-9);
  ASSERT_EQ(json["rounds"].size(), 5u);
  EXPECT_NEAR(json["rounds"][4]["R0"]["step_seconds"].get<double>(), 0.025, 1e-9);
  EXPECT_NEAR(json["rounds"][4]["R3"]["busy_seconds"]["fetch"].get<double>(), 0.002, 1e-9);
  EXPECT_TRUE(json["rounds"][4]["R0"]["busy_seconds"].is_null());
  ASSERT_EQ(json["experiments"].size(), diagnose::kExperiments);
  EXPECT_EQ(json["experiments"][static_cast<size_t>(E::kNoReduction)]["left_out"], "one process");
  EXPECT_TRUE(json["experiments"][static_cast<size_t>(E::kNoReduction)]["seconds"].is_null());
  EXPECT_TRUE(json["conditions"]["clock_mhz"].is_null());
  EXPECT_TRUE(json["operator_profile"].is_null());
  EXPECT_TRUE(json["energy"]["parts"].is_null());
  EXPECT_EQ(json["realised"][0]["gain"], 2.1);
  EXPECT_TRUE(json["realised"][1]["gain"].is_null());
  EXPECT_TRUE(json["realised"][2]["remedy"]["predicted"].is_null());
  EXPECT_THAT(diagnosis_csv(full()), StartsWith("round,experiment,steps,seconds,step_seconds\n0,R0,10,0.25,0.025\n"));
}

TEST(DiagnosisExplanation, HasEveryExperimentRuleAndLimit) {
  const std::string text = diagnosis_explanation();
  for (size_t i = 0; i < diagnose::kExperiments; ++i)
    EXPECT_THAT(text, HasSubstr(cat("\n  ", diagnose::info(static_cast<E>(i)).id, " ")));
  for (size_t i = 0; i < diagnose::kLimits; ++i)
    EXPECT_THAT(text, HasSubstr(cat("\n  ", diagnose::name_of(static_cast<diagnose::Limit>(i)), ": ")));
  EXPECT_THAT(text,
              AllOf(HasSubstr("methods that relieve memory_bandwidth\n"), HasSubstr("\n  fewer than 3 rounds\n")));
  for (const std::string& line : split(text, '\n')) EXPECT_LE(display_width(line), 100u) << line;
  const Json json = diagnosis_explanation_json();
  EXPECT_EQ(json["experiments"].size(), diagnose::kExperiments);
  EXPECT_EQ(json["limits"].size(), diagnose::kLimits);
}

const char* const kHostileName = "<script>alert(1)</script>\"'&\n\x1b[31m";

Examination hostile() {
  auto measurements = decoding();
  measurements.facts.subject = measurements.facts.device = kHostileName;
  measurements.left_out[E::kCold] = kHostileName;
  measurements.profile.emplace();
  measurements.profile->operators = {{kHostileName, 0.01, 0, 0}};
  auto changes = candidates();
  for (Candidate& change : changes) {
    change.name += kHostileName;
    change.note = kHostileName;
    change.with = change.set = change.without = {kHostileName};
  }
  auto methods = catalogue();
  for (MethodSpec& method : methods) method.name = kHostileName;
  Examination found = examined(std::move(measurements), changes, methods);
  found.command = found.memory.of = found.memory.batch = found.energy_unavailable = kHostileName;
  found.memory.used_bytes = 1;
  found.notes = {kHostileName};
  found.energy = {{kHostileName, 1.0}};
  found.diagnosis.warnings = {kHostileName};
  diagnose::Realised tried, failed;
  tried.remedy = failed.remedy = found.advice.remedies.at(0);
  failed.failed = kHostileName;
  found.realised = {tried, failed};
  return found;
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(DiagnosisPage, HostileNamesStayText) {
  const Examination found = hostile();
  const std::string page = diagnosis_page(found);
  EXPECT_EQ(count_of(page, "<script"), 2u);  // the data and the page's program
  EXPECT_EQ(count_of(page, "</script"), 2u);
  EXPECT_THAT(page, HasSubstr("<h1>Diagnosis of &lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(diagnosis_text(found), Not(HasSubstr("\x1b")));
}

// Looks at the page as a person would, and reports through its title.
const char* const kLook = R"(<script>
  const wide = (element) => element.getBoundingClientRect().width;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const report = {
    verdict: document.querySelector(".verdict .word").textContent, stages: all(".lane .stage").map((stage) => stage.className),
    share: wide(document.querySelector(".stage.decode")) / wide(document.querySelector(".lane .step")),
    longest: all(".lane").findIndex((lane) => lane.classList.contains("longest")), points: all("svg circle").length,
    json: JSON.parse(document.getElementById("data").textContent).verdict.limit,
    csv: document.getElementById("csv").textContent.split("\n")[1], too_wide: document.documentElement.scrollWidth > innerWidth,
  };
  const dark = () => getComputedStyle(document.body).backgroundColor;
  report.before = dark();
  document.getElementById("theme").click();
  report.after = dark();
  window.saved = [];
  HTMLAnchorElement.prototype.click = function () { window.saved.push(this.download); };
  for (const button of all("button[data-save]")) button.click();
  report.saved = window.saved;
  document.title = JSON.stringify(report);
</script>)";

TEST(DiagnosisPage, ShowsThemesAndSavesInABrowserSlow) {
  const auto dom = seen_by_browser(diagnosis_page(full()) + kLook);
  if (!dom) GTEST_SKIP() << "no chromium here";
  const size_t from = dom->find("<title>") + 7, to = dom->find("</title>");
  const Json report = Json::parse(dom->substr(from, to - from), nullptr, false);
  ASSERT_TRUE(report.is_object()) << dom->substr(0, 500);
  EXPECT_THAT(report["verdict"].get<std::string>(), StartsWith("decode-bound: 60% of the step"));
  EXPECT_EQ(report["stages"], Json({"stage fetch", "stage decode binds", "stage augment", "stage compute"}));
  EXPECT_NEAR(report["share"].get<double>(), 18.0 / 25, 0.01);
  EXPECT_EQ(report["longest"], 1);  // behind the lane of the step
  EXPECT_EQ(report["points"], 1);
  EXPECT_EQ(report["json"], "decode-bound");
  EXPECT_EQ(report["csv"], "0,R0,10,0.25,0.025");
  EXPECT_EQ(report["too_wide"], false);
  EXPECT_NE(report["before"], report["after"]);
  EXPECT_EQ(report["saved"], Json({"rounds.csv", "diagnosis.json"}));
}

}  // namespace
}  // namespace hasten::report
