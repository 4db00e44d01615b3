// Logs of other programs: what they say, what they lack, and what must not happen with broken or hostile ones.
#include "hasten/evaluate/importers/importers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/importers/mapping.h"
#include "hasten/evaluate/importers/test_logs.h"
#include "hasten/evaluate/importers/tfrecord.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/evaluate/time_to_target.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

TEST(ParseNumber, WhatLogsWrite) {
  EXPECT_EQ(parse_number(" 1.5 "), 1.5);
  EXPECT_EQ(parse_number("+2"), 2);
  EXPECT_TRUE(std::isnan(parse_number("NaN").value()));
  EXPECT_EQ(parse_number("-Infinity"), -HUGE_VAL);
  EXPECT_EQ(parse_number("1e999"), HUGE_VAL);
  for (const char* text : {"", " ", "x", "1x", "1,5", "--1"}) EXPECT_FALSE(parse_number(text).has_value()) << text;
}

TEST_F(ImportTest, CsvWithMarkReturnsQuotesAndBlanks) {
  auto runs = read("a.csv",
                   "\xEF\xBB\xBFstep,\"val_acc\",note,train_loss\r\n1,0.5,\"a, \"\"b\"\"\nnext\",\r\n\r\n2,1.,x,3\r\n");
  ASSERT_EQ(runs.size(), 1u);
  const auto& events = runs[0].events;
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].step, 1);
  ASSERT_EQ(events[0].metrics.size(), 1u);
  EXPECT_EQ(events[0].metrics[0].split, "validation");
  EXPECT_EQ(events[0].metrics[0].name, "acc");
  EXPECT_EQ(events[1].metrics[0].value, 1.0);
  EXPECT_EQ(events[1].metrics[1].split, "train");
  EXPECT_TRUE(lacks(runs[0], "t_train"));
  EXPECT_TRUE(lacks(runs[0], "seed"));
  EXPECT_EQ(runs[0].record.id, "a");
}

TEST_F(ImportTest, CsvKeepsNanInfinityAndNegativeTimes) {
  auto runs = read("a.csv", "step,train_time,loss\n1,-3,nan\n1,5,inf\n2,4,-1e400\n");
  ASSERT_EQ(runs[0].events.size(), 3u);  // a step twice, a clock that goes back: told, not repaired
  EXPECT_EQ(runs[0].events[0].t_train, -3);
  EXPECT_TRUE(std::isnan(runs[0].events[0].metrics[0].value));
  EXPECT_EQ(runs[0].events[1].metrics[0].value, HUGE_VAL);
  EXPECT_EQ(runs[0].events[2].metrics[0].value, -HUGE_VAL);
  EXPECT_EQ(runs[0].record.executed.train_s, 4);
}

TEST_F(ImportTest, CsvErrorsNameTheLine) {
  EXPECT_EQ(error_of("a.csv", "a,b\n1,2\n1,2,3\n").substr(0, 7), "line 3:");
  EXPECT_EQ(error_of("a.csv", "a,b\n1,\"2\n3,4\n").substr(0, 7), "line 2:");
  EXPECT_EQ(error_of("a.csv", "").substr(0, 7), "line 1:");
}

TEST_F(ImportTest, AMillionColumnsAreReadSlow) {
  std::string head = "step", row = "1";
  for (int i = 0; i < 1000000; ++i) {
    head += ",m" + std::to_string(i);
    row += ",1";
  }
  auto runs = read("a.csv", head + "\n" + row + "\n");
  EXPECT_EQ(runs[0].events.at(0).metrics.size(), 1000000u);
}

TEST_F(ImportTest, WandbExportsInBothShapes) {
  ImportOptions options;
  options.mapping = "wandb";
  auto wide =
      read("chart.csv",
           "\"Step\",\"fast - val_acc\",\"fast - val_acc__MIN\",\"slow - val_acc\"\n10,0.5,0.4,\n20,,,0.7\n", options);
  ASSERT_EQ(wide.size(), 2u);
  EXPECT_EQ(wide[0].record.id, "fast");
  ASSERT_EQ(wide[0].events.size(), 1u);
  EXPECT_EQ(wide[0].events[0].metrics.size(), 1u);
  EXPECT_EQ(wide[1].events[0].step, 20);
  auto history =
      read("h.jsonl",
           "{\"_step\":3,\"_runtime\":7.5,\"_timestamp\":1700000000,\"val\":{\"acc\":0.9},\"bad\":\"NaN\"}\n", options);
  EXPECT_EQ(history[0].events[0].step, 3);
  EXPECT_EQ(history[0].events[0].t_total, 7.5);
  ASSERT_EQ(history[0].events[0].metrics.size(), 2u);
  EXPECT_EQ(history[0].events[0].metrics[0].split, "validation");
  EXPECT_TRUE(std::isnan(history[0].events[0].metrics[1].value));
}

TEST_F(ImportTest, MlflowRowsAndLightningTables) {
  ImportOptions mlflow, lightning;
  mlflow.mapping = "mlflow";
  lightning.mapping = "lightning";
  auto rows = read(
      "m.csv", "run_id,key,value,step,timestamp\nr1,val_acc,0.5,1,1000\nr2,val_acc,0.6,1,5000\nr1,val_acc,0.7,2,3500\n",
      mlflow);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].record.id, "r1");
  EXPECT_EQ(rows[0].events[1].t_total, 2.5);  // from the run's own first row
  EXPECT_EQ(rows[1].events[0].t_total, 0);
  EXPECT_EQ(rows[0].events[1].metrics[0].name, "acc");
  auto table = read("version_0/metrics.csv", "epoch,step,train_loss_step,val_acc\n0,49,1.2,\n0,99,,0.8\n", lightning);
  EXPECT_EQ(table[0].events[1].epoch, 0);
  EXPECT_EQ(table[0].events[1].metrics.size(), 1u);
  EXPECT_EQ(table[0].record.id, "version_0/metrics");
}

TEST_F(ImportTest, MappingFilesAreCheckedWithTheirLine) {
  ImportOptions options;
  options.mapping = put("map.toml",
                        "[fields]\nstep = \"n\"\nt_train = { column = \"ms\", scale = 0.001 }\n[metrics]\nq = "
                        "\"test/accuracy\"\n[rows]\nrun = \"who\"\nseed = \"s\"\n")
                        .string();
  auto runs = read("a.csv", "n,ms,q,who,s\n1,1500,0.5,x,4\n", options);
  EXPECT_EQ(runs[0].events[0].t_train, 1.5);
  EXPECT_EQ(runs[0].events[0].metrics[0].split, "test");
  EXPECT_EQ(runs[0].record.seed, 4);
  options.mapping = put("bad.toml", "other_metrics = true\n[fields]\nstepp = \"n\"\n").string();
  EXPECT_NE(error_of("a.csv", "n\n1\n", options).find("bad.toml:3"), std::string::npos)
      << error_of("a.csv", "n\n1\n", options);
  options.mapping = "wandbb";
  EXPECT_NE(error_of("a.csv", "n\n1\n", options).find("'wandbb'"), std::string::npos);
}

// A table of finished runs: one row each, its budget in a column, and run names that come again in every group.
TEST_F(ImportTest, BudgetsComeFromAColumnAndNamesMayComeAgain) {
  ImportOptions options;
  options.mapping =
      put("map.toml",
          "[rows]\nrun = \"run\"\ngroup = \"method\"\nonly = { kind = \"standard\" }\n[planned]\nepochs = "
          "\"epochs\"\n[fields]\nt_train = \"s\"\n")
          .string();
  options.metric = "validation/acc";
  std::string table =
      "kind,method,run,epochs,s,val_acc\nstandard,base,r1,4,40,0.7\nstandard,base,r2,8,80,0.8\ncyclic,base,r3,8,80,0."
      "9\n"
      "standard,fast,r1,4,20,0.7\nstandard,fast,r2,8,40,0.8\n";
  std::string lines;
  for (const char* row : {"standard\",\"method\":\"base\",\"run\":\"r1\",\"epochs\":4,\"s\":40,\"val\":{\"acc\":0.7}",
                          "standard\",\"method\":\"base\",\"run\":\"r2\",\"epochs\":8,\"s\":80,\"val\":{\"acc\":0.8}",
                          "cyclic\",\"method\":\"base\",\"run\":\"r3\",\"epochs\":8,\"s\":80,\"val\":{\"acc\":0.9}",
                          "standard\",\"method\":\"fast\",\"run\":\"r1\",\"epochs\":4,\"s\":20,\"val\":{\"acc\":0.7}",
                          "standard\",\"method\":\"fast\",\"run\":\"r2\",\"epochs\":8,\"s\":40,\"val\":{\"acc\":0.8}"})
    lines += cat("{\"kind\":\"", row, "}\n");
  for (const auto& runs : {read("t.csv", table, options), read("t.jsonl", lines, options)}) {
    ASSERT_EQ(runs.size(), 4u);
    EXPECT_EQ(runs[0].record.id, "r1");
    EXPECT_EQ(runs[2].record.id, "fast/r1");
    EXPECT_EQ(runs[2].record.group, "fast");
    EXPECT_EQ(runs[3].record.planned.epochs, 8);
    EXPECT_EQ(runs[3].record.executed.train_s, 40);
  }
  EXPECT_NE(error_of("t.csv", "method,run\na,b\n", options).find("no column 'kind'"), std::string::npos);
  options.mapping = put("bad.toml", "[planned]\nepoch = \"n\"\n").string();
  EXPECT_NE(error_of("t.csv", table, options).find("steps, epochs"), std::string::npos);
}

TEST_F(ImportTest, JsonLinesErrorsAndTornEnds) {
  auto runs = read("a.jsonl", "{\"step\":1,\"loss\":2}\n\n{\"step\":2,\"lo");
  EXPECT_EQ(runs[0].events.size(), 1u);
  EXPECT_EQ(error_of("a.jsonl", "{\"step\":1}\nnot json\n{\"step\":2}\n").substr(0, 7), "line 2:");
  EXPECT_EQ(error_of("a.jsonl", "[1,2]\n").substr(0, 7), "line 1:");
  std::string deep = "{\"a\":";
  for (int i = 0; i < 900; ++i) deep += "{\"a\":";
  EXPECT_NE(error_of("a.jsonl", deep + "1\n"), "accepted");
}

TEST_F(ImportTest, NanogptLogsWithEmbeddedSourceGiveTheSame) {
  std::string source =
      "import os\nprint0(f\"step:{step}/{train_steps} val_loss:{val_loss:.4f} train_time:{t:.0f}ms\")\n" +
      std::string(100, '=') + "\n";
  std::string log =
      "Running Python 3.12.7 (main)\nRunning PyTorch 2.7.0 compiled for CUDA 12.6\n|   0  NVIDIA H100 80GB HBM3        "
      "  On  | x |\n"
      "step:0/20 val_loss:10.8 train_time:0ms step_avg:nanms\nstep:10/20 train_loss:5.1 train_time:77676ms "
      "step_avg:nanms\n"
      "step:11/20 train_loss:5.0 train_time:214ms step_avg:214.00ms\nstep:20/20 val_loss:3.27 train_time:2140ms "
      "step_avg:214.00ms\n"
      "peak memory allocated: 10 MiB reserved: 20 MiB\n";
  auto plain = read("a.txt", log), full = read("b.full", source + log);
  for (const auto* runs : {&plain, &full}) {
    const RunRecord& record = runs->at(0).record;
    EXPECT_EQ(runs->at(0).events.size(), 4u);
    EXPECT_EQ(record.planned.steps, 20);
    EXPECT_EQ(record.executed.train_s, 2.14);
    EXPECT_EQ(record.clocks.untimed_warmup_steps, 10);
    EXPECT_EQ(record.hardware.accelerator, "NVIDIA H100 80GB HBM3");
    EXPECT_EQ(record.software.version, "2.7.0");
    EXPECT_EQ(record.executed.peak_memory_bytes, 10 * 1048576);
  }
  // The step before the target lies before the reset: nothing is known below.
  auto crossing = first_crossing(plain[0], plain[0].record.metric, 3.28, Cost::kTrainSeconds);
  ASSERT_TRUE(crossing.has_value());
  EXPECT_EQ(crossing->high, 2.14);
  auto llmc = read("main.log", "s:0 tel:11.0\ns:0 trl:11.0 lr:0.1 norm:15\ns:250 tel:5.5\n");
  EXPECT_EQ(llmc[0].events[2].metrics[0].value, 5.5);
  EXPECT_TRUE(lacks(llmc[0], "train_time"));
}

TEST_F(ImportTest, MlperfLogs) {
  std::string log =
      "noise\n:::MLLOG {\"time_ms\": 1000, \"event_type\": \"POINT_IN_TIME\", \"key\": \"seed\", \"value\": 7, "
      "\"metadata\": {}}\n"
      ":::MLLOG {\"time_ms\": 1000, \"key\": \"submission_benchmark\", \"value\": \"resnet\", \"metadata\": {}}\n"
      "0: :::MLLOG {\"time_ms\": 2000, \"key\": \"run_start\", \"value\": null, \"metadata\": {}}\n"
      ":::MLLOG {\"time_ms\": 62000, \"key\": \"eval_accuracy\", \"value\": 0.76, \"metadata\": {\"epoch_num\": 4}}\n"
      ":::MLLOG {\"time_ms\": 63000, \"key\": \"run_stop\", \"value\": null, \"metadata\": {\"status\": "
      "\"success\"}}\n";
  auto runs = read("result_0.txt", log);
  EXPECT_EQ(runs[0].record.seed, 7);
  EXPECT_EQ(runs[0].record.workload, "resnet");
  EXPECT_EQ(runs[0].record.executed.total_s, 61);
  EXPECT_EQ(runs[0].events.at(0).t_total, 60);
  EXPECT_EQ(runs[0].record.metric.name, "accuracy");
  EXPECT_EQ(runs[0].record.status, Status::kStoppedEarly);
  auto torn = read("torn.txt", log + ":::MLLOG {\"time_ms\": 6400");
  EXPECT_EQ(torn[0].record.status, Status::kStoppedEarly);
  EXPECT_TRUE(lacks(torn[0], "the end of torn.txt"));
  EXPECT_EQ(error_of("result_1.txt", ":::MLLOG {\"time_ms\": 1\n").substr(0, 7), "line 1:");
  EXPECT_EQ(error_of("result_1.txt", ":::MLLOG {\"key\": \"x\"}\n").substr(0, 7), "line 1:");
}

TEST_F(ImportTest, TensorboardEventFiles) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);  // the check value of CRC-32C
  EXPECT_EQ(crc32c_by_table("123456789"), 0xE3069283u);
  auto runs = read("run/events.out.tfevents.1.host", frame(scalar_record()) + frame(scalar_record()));
  ASSERT_EQ(runs[0].events.size(), 2u);
  EXPECT_EQ(runs[0].events[0].step, 5);
  EXPECT_EQ(runs[0].events[0].metrics.at(0).name, "loss");
  EXPECT_EQ(runs[0].events[0].metrics.at(0).split, "validation");
  EXPECT_EQ(runs[0].events[0].metrics.at(0).value, 0.25);
  // A float becomes the number that was logged, or a target of 0.765 would be missed by 0.765; clocks count microseconds.
  auto floats = read("floats/events.out.tfevents.1.host", frame(scalar_record(0.765f, 1.7e9 + 0.1)) +
                                                              frame(scalar_record(1e-7f, 1.7e9 + 12.600001)) +
                                                              frame(scalar_record(HUGE_VALF, 1.7e9 - 1.4)));
  EXPECT_EQ(floats[0].events[0].metrics.at(0).value, 0.765);
  EXPECT_EQ(floats[0].events[1].metrics.at(0).value, 1e-7);
  EXPECT_EQ(floats[0].events[1].t_total, 12.500001);
  EXPECT_EQ(floats[0].events[2].metrics.at(0).value, HUGE_VAL);
  EXPECT_EQ(floats[0].events[2].t_total, -1.5);  // a clock that was set back: L43 says so
  std::string cut = frame(scalar_record()) + frame(scalar_record()).substr(0, 20);
  auto torn = read("torn/events.out.tfevents.1.host", cut);
  EXPECT_EQ(torn[0].events.size(), 1u);
  EXPECT_TRUE(lacks(torn[0], "the end of events.out.tfevents.1.host"));
  std::string flipped = frame(scalar_record());
  flipped[20] = static_cast<char>(flipped[20] ^ 1);
  EXPECT_NE(error_of("bad/events.out.tfevents.1.host", flipped).find("wrong checksum"), std::string::npos);
  EXPECT_NE(error_of("odd/events.out.tfevents.1.host", frame("\xff\xff\xff")).find("record 1"), std::string::npos);
}

TEST_F(ImportTest, FormatsAreFoundByThemselves) {
  put("d/train/x.json", R"({"hardware":"K80","framework":"f","model":"m","timestamp":"2018-01-01","costPerHour":2})");
  put("d/train/x.tsv", "hours\tepoch\ttop1Accuracy\n0.5\t1\t93\n1\t2\t94\n");
  EXPECT_EQ(detect_importer(root_ / "d").name, "dawnbench");
  EXPECT_EQ(detect_importer(put("m.csv", "a\n1\n")).name, "csv");
  EXPECT_EQ(detect_importer(put("n.txt", "step:1/2 val_loss:3 train_time:5ms\n")).name, "nanogpt");
  EXPECT_EQ(detect_importer(put("l.txt", ":::MLLOG {}\n")).name, "mllog");
  EXPECT_THROW(detect_importer(put("x.bin", "nothing")), ConfigError);
  EXPECT_THROW(detect_importer(root_ / "absent"), ConfigError);
  EXPECT_THROW(find_importer("cvs"), ConfigError);
  auto runs = load_runs({(root_ / "d").string()});
  EXPECT_EQ(runs[0].record.workload, "d");
  EXPECT_EQ(runs[0].record.time_to_target, "first");
  EXPECT_EQ(run_cost(runs[0], Cost::kUsd), 2);
}

TEST_F(ImportTest, HostileNamesStayInsideTheFolder) {
  std::string csv = "run,step,loss\n";
  for (const char* name : {"../../escape", "/etc/passwd", "..", ".hidden", "a/b", "<script>", ""})
    csv += std::string(name) + ",1,2\n";
  ImportOptions options;
  options.mapping = put("map.toml", "[fields]\nstep = \"step\"\n[rows]\nrun = \"run\"\n").string();
  fs::path file = put("a.csv", csv), out = root_ / "out" / "runs";
  {
    DirectorySink sink(out);
    find_importer("csv").read({file}, options, sink);
    EXPECT_EQ(sink.finished(), 7u);
  }
  size_t folders = 0;
  for (const auto& entry : fs::directory_iterator(out)) {
    EXPECT_EQ(entry.path().parent_path(), out);
    EXPECT_NE(entry.path().filename().string()[0], '.');
    EXPECT_TRUE(is_run(entry.path()));
    ++folders;
  }
  EXPECT_EQ(folders, 7u);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "out"), fs::directory_iterator()), 1);
  EXPECT_THROW(DirectorySink{out}, ConfigError);  // never into a folder that holds something
  auto names = {safe_name("a/b"), safe_name("a_b"), safe_name("a:b"), safe_name(std::string(300, 'x')),
                safe_name(std::string(301, 'x'))};
  EXPECT_EQ(std::set<std::string>(names).size(), 5u);
}

TEST_F(ImportTest, WhatIsWrittenReadsBackAsInMemory) {
  fs::path file = put("a.csv", "step,train_time,val_acc\n1,0.25,0.1\n2,0.5,nan\n");
  {
    DirectorySink sink(root_ / "out");
    find_importer("csv").read({file}, {}, sink);
  }
  auto written = load_runs({(root_ / "out").string()}), memory = load_runs({file.string()});
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(event_line(written[0].events[0]), event_line(memory[0].events[0]));
  EXPECT_EQ(event_line(written[0].events[1]), event_line(memory[0].events[1]));
  EXPECT_EQ(written[0].record.executed.train_s, 0.5);
}

}  // namespace
}  // namespace hasten::evaluate
