// Several ranks: who is a straggler and who is not, sizes of messages, numbers of files that do not say theirs.
#include "hasten/trace/ranks.h"

#include <map>

#include "hasten/trace/shapes.h"
#include "hasten/trace/test_traces.h"

namespace hasten::trace {
namespace {

// A rank whose collectives, a millisecond apart, take so many microseconds.
Trace collectives_of(const std::vector<double>& durations, const std::string& more = "") {
  TraceText text;
  for (int i = 0; i < static_cast<int>(durations.size()); ++i) {
    text.call("cudaLaunchKernel", i * 1000, 1, i + 1);
    text.work("kernel", "ncclDevKernel_AllReduce_Sum_f32_RING_LL", 20, i * 1000 + 5, durations[static_cast<size_t>(i)],
              i + 1, ", \"Collective name\": \"allreduce\"" + more);
  }
  return text.read();
}

Ranks compared(const std::vector<Trace>& traces) {
  std::vector<View> views;
  for (const Trace& trace : traces) views.push_back(make_view(trace, {}));
  std::vector<const View*> pointers;
  std::vector<int> numbers;
  for (const View& view : views) {
    numbers.push_back(static_cast<int>(pointers.size()));
    pointers.push_back(&view);
  }
  return compare_ranks(pointers, numbers);
}

Ranks two_ranks(double a_us, double b_us) {
  std::vector<Trace> traces;
  for (double us : {a_us, b_us}) traces.push_back(collectives_of(std::vector<double>(5, us)));
  return compared(traces);
}

TEST(Stragglers, ATieIsNobodys) {
  Ranks ranks = two_ranks(10, 10);
  EXPECT_EQ(ranks.collectives[0].skew_ns, 0);
  EXPECT_EQ(ranks.ranks[0].last, 0u);
  EXPECT_EQ(ranks.ranks[1].last, 0u);
  EXPECT_TRUE(ranks.stragglers.empty());
  std::vector<Trace> three;  // two came last together
  for (double us : {500, 100, 100}) three.push_back(collectives_of(std::vector<double>(5, us)));
  ranks = compared(three);
  EXPECT_EQ(ranks.ranks[1].last + ranks.ranks[2].last, 0u);
  EXPECT_TRUE(ranks.stragglers.empty());
}

TEST(Stragglers, HaveToBeNoticedAndToCostSomething) {
  EXPECT_EQ(two_ranks(10.5, 10).ranks[1].last, 0u);  // half a microsecond
  Ranks cheap = two_ranks(15, 10);  // 25 us of 4 ms
  EXPECT_EQ(cheap.ranks[1].last, 5u);
  EXPECT_EQ(cheap.ranks[1].caused_ns, 25'000);
  EXPECT_TRUE(cheap.stragglers.empty());
  Ranks costly = two_ranks(30, 10);  // 100 us
  EXPECT_EQ(costly.ranks[0].last, 0u);
  EXPECT_EQ(costly.stragglers, std::vector<int>{1});
}

TEST(Messages, HaveASizeWhereTheirTypeIsKnown) {
  auto bytes = [](const std::string& more) {
    std::vector<Trace> traces;
    for (int rank = 0; rank < 2; ++rank) traces.push_back(collectives_of({10}, more));
    return compared(traces).collectives[0].bytes;
  };
  std::string size = ", \"In msg nelems\": 1000, \"dtype\": ";
  EXPECT_EQ(bytes(size + "\"Char\""), 1'000);
  EXPECT_EQ(bytes(size + "\"Bool\""), 1'000);
  EXPECT_EQ(bytes(size + "\"fp8\""), 1'000);
  EXPECT_EQ(bytes(size + "\"ComplexDouble\""), 16'000);
  EXPECT_EQ(bytes(size + "\"float\""), 4'000);
  EXPECT_EQ(bytes(size + "\"Float4_e2m1fn_x2\""), 0);  // unknown: no guess
  EXPECT_EQ(bytes(", \"In msg nelems\": 1000"), 0);
  EXPECT_EQ(bytes(", \"dtype\": \"Float\""), 0);
}

TEST(Messages, TypesHaveManyNames) {
  for (auto [name, bytes] : std::map<std::string, int64_t>{{"Byte", 1},
                                                           {"Char", 1},
                                                           {"Float8_e4m3fn", 1},
                                                           {"c10::Float8_e5m2", 1},
                                                           {"int8", 1},
                                                           {"unsigned char", 1},
                                                           {"Short", 2},
                                                           {"c10::BFloat16", 2},
                                                           {"Half", 2},
                                                           {"Int", 4},
                                                           {"float", 4},
                                                           {"Long", 8},
                                                           {"long int", 8},
                                                           {"c10::complex<float>", 8},
                                                           {"ComplexFloat", 8},
                                                           {"ComplexDouble", 16},
                                                           {"", 0},
                                                           {"Undefined", 0}}) {
    EXPECT_EQ(element_bytes(name), bytes) << name;
  }
}

TEST(RankNumbers, AreThoseOfTheNamesOrInTheirOrder) {
  EXPECT_EQ(assign_ranks({-1, -1}, {"t/trace_rank10.json", "t/trace_rank2.json"}), (std::vector<int>{10, 2}));
  EXPECT_EQ(assign_ranks({-1, -1}, {"sampled_Rank-1.json.gz", "ranked/rank 0.json"}), (std::vector<int>{1, 0}));
  EXPECT_EQ(assign_ranks({-1, -1}, {"t10.json", "t2.json"}), (std::vector<int>{1, 0}));
  EXPECT_EQ(assign_ranks({0, 0, -1}, {"a.json", "b.json", "rank_0.json"}), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(assign_ranks({3, -1}, {"rank0.json", "rank3.json"}), (std::vector<int>{3, 0}));
  EXPECT_EQ(assign_ranks({-1}, {"rank99999999999999999999.json"}), std::vector<int>{0});
}

TEST(RankNumbers, MayBeWrittenAsText) {
  auto rank = [](const std::string& value) {
    return TraceText().meta("\"distributedInfo\": {\"rank\": " + value + "}").op("a", 0, 1).read().rank();
  };
  EXPECT_EQ(rank("\"3\""), 3);
  EXPECT_EQ(rank("3"), 3);
  EXPECT_EQ(rank("\"3rd\""), -1);
  EXPECT_EQ(rank("\"\""), -1);
}

}  // namespace
}  // namespace hasten::trace
