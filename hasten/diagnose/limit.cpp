// The table of limits.
#include "hasten/diagnose/limit.h"

#include <array>

namespace hasten::diagnose {
namespace {

using B = Bottleneck;
using Table = std::array<LimitInfo, kLimits>;

void add_input(Table& table) {
  const auto at = [&](Limit limit) -> LimitInfo& { return table[static_cast<size_t>(limit)]; };
  at(Limit::kContention) = {
      "contention-bound",
      "loader and training use the same processors, so each slows the other",
      "T1n > (1 + eps) T1: a step is slower while batches are made beside it, though none is waited for",
      {B::kDecode, B::kAugment},
      {"less work a sample: samples kept in memory decoded, packed raw, or augmented by the batch",
       "fewer loader threads, if training does not wait for them; more of them make it worse"}};
  at(Limit::kFetch) = {"storage-bound",
                       "samples do not come from the storage fast enough",
                       "T0 > (1 + eps) T4: faster on a subset that lies in memory; without R4, the part of the wait "
                       "that reading takes of the loader's time, if that is more than eps of T0",
                       {B::kStorage},
                       {"smaller records: packed as JPEG and not raw, smaller images; fewer seeks: shuffle by blocks",
                        "more requests at once (loader.read = \"uring\", more workers), a faster disk, more memory"}};
  at(Limit::kRead) = {"read-bound",
                      "reading and checking samples that lie in memory does not keep up",
                      "R4 would change nothing, since the files lie in memory already, and reading and checking them "
                      "takes more of the loader's time than decoding or augmentation",
                      {B::kStorage},
                      {"smaller records; loader.verify = false, where the files are trusted",
                       "more loader.workers, while processors idle"}};
  at(Limit::kDecode) = {"decode-bound",
                        "decoding of samples does not keep up",
                        "T0 is longer than what the training thread does itself, T4 not shorter, and decoding takes "
                        "most of the loader's time",
                        {B::kDecode},
                        {"samples kept in memory decoded (loader.residence = \"memory\"), or packed raw or smaller",
                         "more loader.workers, while processors idle"}};
  at(Limit::kAugment) = {
      "augmentation-bound",
      "augmentation does not keep up",
      "the same, and augmentation takes most of it; or batch-wise transforms make T0 longer by more than eps",
      {B::kAugment},
      {"cheaper or weaker augmentation; the same by the batch (loader.augment)",
       "more loader.workers, while processors idle"}};
  at(Limit::kAssemble) = {"assembly-bound",
                          "putting batches together takes the time: copies, normalisation",
                          "copies and normalisation in the thread that trains make T0 longer by more than eps",
                          {},
                          {"bytes and not floats in memory; larger batches"}};
  at(Limit::kTransfer) = {"copy-bound",
                          "copies between host and device are waited for",
                          "T2 > (1 + eps) T1: slower with a batch of the host than with one of the device",
                          {B::kTransfer},
                          {"pinned host memory with non-blocking copies; send bytes and widen them on the device"}};
  at(Limit::kBurst) = {"burst-bound",
                       "the loader is fast enough on average, but not at every moment",
                       "T0 > (1 + eps) T2, and deeper read-ahead takes away more than half of that: T15d < T0 / (1 + "
                       "eps); and L < (1 - eps) T2, or, of stages that block each other, each by its clock under T2",
                       {},
                       {"a larger read-ahead (loader.memory); hedged reads; samples of more equal size"}};
  at(Limit::kSerial) = {
      "serial",
      "input and training take turns, nothing overlaps",
      "T0 is the sum of the chains within 10%, and a tenth longer than the largest; and delays in the loader, where "
      "they were tried, are felt at least half as much as one in the step",
      {B::kAugment},
      {"a loader that reads ahead (loader.residence = \"stream\"); no wait for the device within a step",
       "less work a batch before the step: fewer or cheaper batch-wise transforms"}};
  at(Limit::kData) = {"data-bound",
                      "the device waits for data",
                      "",
                      {B::kStorage, B::kDecode, B::kAugment},
                      {"more loader workers or a larger read-ahead; decode and augment less per step"}};
}

void add_host(Table& table) {
  const auto at = [&](Limit limit) -> LimitInfo& { return table[static_cast<size_t>(limit)]; };
  at(Limit::kThrottled) = {"throttled",
                           "the machine runs below its speed: clock, heat, power, or the container's quota",
                           "clock below 0.95 of nominal, or throttled in more than 5% of the time",
                           {},
                           {"a higher quota, or threads at most as many as it allows; cooling and power limits"}};
  at(Limit::kSync) = {"synchronisation-bound",
                      "the host waits for values of the device, and then the device for the host",
                      "T1 > (1 + eps) T13: faster without the waits",
                      {B::kHost},
                      {"keep metrics on the device: .item(), .cpu() and print of a tensor wait for it",
                       "copies to the host with non_blocking=True into pinned memory"}};
  at(Limit::kHost) = {"host-bound",
                      "starting operators takes longer than their work",
                      "a batch of one takes most of T1, and more than the update does, and operators work less than "
                      "0.9 of T1, where that was measured; or T11 < T1 / (1 + eps)",
                      {B::kHost},
                      {"larger batches, captured graphs or fused kernels: fewer launches for the same work",
                       "fused or foreach optimizers; less work of the host a step; one thread for small nets"}};
  at(Limit::kCommunication) = {
      "communication-bound",
      "gradients travel longer than there is work to hide them behind",
      "T1 > (1 + eps) T12, and most of that is wire time: the least over the processes",
      {B::kCommunication},
      {"overlap: larger gradient buckets started earlier, fewer steps of communication (accumulation, local steps)",
       "look at wire time against skew: skew is imbalance between ranks, which faster links do not cure"}};
  at(Limit::kStraggler) = {"straggler-bound",
                           "some processes come late, and the others wait for them",
                           "T1 > (1 + eps) T12, and most of that is skew: the most less the least over the processes",
                           {},
                           {"equal work for all processes: lengths, batch sizes, placement; faster links do not help"}};
  at(Limit::kDependency) = {"dependency-bound", "work on the device waits for other work on it", "", {}, {}};
}

void add_device(Table& table) {
  const auto at = [&](Limit limit) -> LimitInfo& { return table[static_cast<size_t>(limit)]; };
  at(Limit::kOptimizer) = {"update-bound",
                           "the optimizer's update takes a large part of the step",
                           "T1 - Tfb > 0.15 T1, and more than the host's part",
                           {},
                           {"larger batches or accumulation: fewer updates a sample",
                            "a fused update, or an optimizer with fewer slots or slots of lower precision"}};
  at(Limit::kMath) = {"math-bound",
                      "arithmetic of the device",
                      "operators whose arithmetic takes longer than their memory traffic make up half of the work",
                      {B::kCompute},
                      {"lower precision for matrix products, if they are not in half precision yet",
                       "fewer operations: smaller inputs early in training, fewer samples, fewer layers"}};
  at(Limit::kBandwidth) = {
      "bandwidth-bound",
      "memory traffic of the device",
      "operators whose memory traffic takes longer than their arithmetic make up half of the work",
      {B::kMemoryBandwidth},
      {"fused operators; half precision storage; fewer elementwise operations and normalisations"}};
  at(Limit::kKernelLatency) = {"latency-bound",
                               "operators are too small to use the device",
                               "operators reach under 0.3 of what arithmetic and memory allow, weighted by time",
                               {B::kHost},
                               {"larger batches; wider and fewer layers; fused operators"}};
  at(Limit::kCompute) = {"compute-bound",
                         "the device's own work",
                         "no other rule holds, and nothing says whether arithmetic or memory",
                         {B::kCompute, B::kMemoryBandwidth},
                         {"lower precision for matrix products, if they are not in half precision yet",
                          "fewer operations: smaller inputs early in training, fewer samples, fewer layers"}};
  at(Limit::kMemory) = {"capacity-bound",
                        "larger batches would be faster and do not fit",
                        "a doubled batch does not fit, and T(b) / b still falls; named beside the device's own limit",
                        {B::kMemory},
                        {"microbatches with accumulation; half precision; slots of lower precision"}};
  at(Limit::kBalanced) = {"balanced",
                          "no single part holds the step back: several take equally long side by side",
                          "nothing is waited for, and L and T1 are both within 5% of T0",
                          {},
                          {"two parts have to become cheaper together; fewer steps help whatever the limit"}};
  at(Limit::kOther) = {"unattributed", "what the evidence does not explain", "", {}, {}};
}

}  // namespace

const LimitInfo& info(Limit limit) {
  static const Table table = [] {
    Table made;
    add_input(made);
    add_host(made);
    add_device(made);
    return made;
  }();
  return table[static_cast<size_t>(limit)];
}

}  // namespace hasten::diagnose
