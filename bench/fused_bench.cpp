// Operations of our own against LibTorch's, forward and backward, on shapes of the records. Names end with /ours and /theirs;
// run both in one call: fused_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=7
#include <ATen/Parallel.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <benchmark/benchmark.h>

#include <functional>

#include "hasten/base/text.h"
#include "hasten/kernels/use.h"
#include "hasten/nn/fused.h"
#include "hasten/nn/fused_attention.h"
#include "hasten/nn/fused_convolution.h"
#include "hasten/nn/fused_images.h"
#include "hasten/optim/orthogonalised.h"

namespace hasten {
namespace {

using Function = std::function<at::Tensor(const at::Tensor&)>;

void both_passes(benchmark::State& bench, const at::Tensor& x, const Function& function) {
  at::Tensor leaf = x.clone().set_requires_grad(true);
  const at::Tensor behind = at::randn(function(leaf).sizes()).to(function(leaf).scalar_type());
  for (auto _ : bench) {
    function(leaf).backward(behind);
    leaf.mutable_grad() = at::Tensor();
  }
  bench.SetItemsProcessed(bench.iterations() * x.numel());
}

void add(const std::string& name, const at::Tensor& x, const Function& ours, const Function& theirs) {
  const auto registered = [&](const char* whose, const Function& function) {
    benchmark::RegisterBenchmark((name + "/" + whose).c_str(),
                                 [x, function](benchmark::State& bench) { both_passes(bench, x, function); })
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  };
  registered("ours", ours);
  registered("theirs", theirs);
}

void add_text(at::ScalarType format, const std::string& suffix) {
  const at::Tensor stream = at::randn({32, 128, 256}), hidden = at::randn({32, 128, 1024}).to(format);
  add(
      "rms_norm" + suffix, stream.to(format),
      [](const at::Tensor& x) { return fused_feature_norm(x, {}, {}, true, 1e-5); },
      [](const at::Tensor& x) { return at::rms_norm(x, {x.size(-1)}, std::nullopt, 1e-5); });
  add("relu_squared" + suffix, hidden, fused_relu_squared, [](const at::Tensor& x) { return at::relu(x).square(); });
}

// Queries, keys and values of 32 samples of 128 tokens, 4 heads.
void add_attention() {
  const at::Tensor parts = at::randn({3, 128, 128, 64}).div(4).to(at::kBFloat16);
  if (!is_attention_fused(parts[0])) return;
  const at::Tensor mask = at::full({128, 128}, -1e30, parts.options()).triu(1);
  add(
      "attention_bf16", parts,
      [](const at::Tensor& x) { return fused_attention(x[0], x[1], x[2], /*heads=*/4, /*causal=*/true); },
      [mask](const at::Tensor& x) {
        const at::Tensor scores = at::baddbmm(mask.expand({128, 128, 128}), x[0], x[1].transpose(1, 2));
        const at::Tensor seen = at::bmm(at::softmax(scores, -1), x[2]);
        return seen.view({32, 4, 128, 64}).transpose(1, 2).reshape({32, 128, 256});
      });
}

// Small images, as behind the second and third group of a network for 28x28 pixels.
void add_convolution(const std::string& name, int64_t channels, int64_t side) {
  const at::Tensor x =
      at::randn({500, channels, side, side}).to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor weight = at::randn({128, channels, 3, 3})
                                .to(at::kBFloat16)
                                .contiguous(at::MemoryFormat::ChannelsLast)
                                .set_requires_grad(true);
  if (!is_convolution_fused(x, weight, 1)) return;
  add(
      name, x, [weight](const at::Tensor& in) { return fused_convolution(in, weight, {}, 1); },
      [weight](const at::Tensor& in) { return at::conv2d(in, weight, {}, 1, 1); });
}

void add_images(at::ScalarType format, const std::string& suffix) {
  const at::Tensor x = at::randn({256, 64, 15, 15}).contiguous(at::MemoryFormat::ChannelsLast).to(format);
  const at::Tensor weight = at::ones({64}), bias = at::zeros({64}), mean = at::zeros({64}), variance = at::ones({64});
  const ChannelNormSettings settings{1e-5, 0.1, kernels::ChannelActivation::kGelu};
  add(
      "norm_gelu" + suffix, x,
      [=](const at::Tensor& in) { return fused_batch_norm(in, weight, bias, mean, variance, settings); },
      [=](const at::Tensor& in) {
        return at::gelu(at::batch_norm(in, weight, bias, mean, variance, true, 0.1, 1e-5, false));
      });
  const at::Tensor large = at::randn({256, 64, 30, 30}).contiguous(at::MemoryFormat::ChannelsLast).to(format);
  add("max_pool" + suffix, large, fused_max_pool, [](const at::Tensor& in) { return at::max_pool2d(in, 2, 2); });
}

// The hidden matrices of the records' networks.
std::vector<at::Tensor> matrices_of(bool text) {
  std::vector<at::Tensor> matrices;
  if (text) {
    for (int layer = 0; layer < 4; ++layer) {
      for (auto [rows, columns] : {std::pair<int64_t, int64_t>{768, 256}, {256, 256}, {1024, 256}, {256, 1024}})
        matrices.push_back(at::randn({rows, columns}));
    }
    return matrices;
  }
  for (auto [out, in] : {std::pair<int64_t, int64_t>{32, 8}, {32, 32}, {96, 32}, {96, 96}, {128, 96}, {128, 128}})
    matrices.push_back(at::randn({out, in, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast));
  return matrices;
}

void orthogonalise(benchmark::State& bench, bool text, bool own) {
  const std::vector<at::Tensor> matrices = matrices_of(text);
  const std::vector<double> scales(matrices.size(), 1);
  use_fused_kernels(own);
  for (auto _ : bench) benchmark::DoNotOptimize(orthogonalised(matrices, scales, 5));
  use_fused_kernels(true);
}

}  // namespace
}  // namespace hasten

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  hasten::add_text(at::kFloat, "_fp32");
  hasten::add_text(at::kBFloat16, "_bf16");
  hasten::add_attention();
  hasten::add_convolution("convolution_96_128_6x6_bf16", 96, 6);
  hasten::add_convolution("convolution_128_128_3x3_bf16", 128, 3);
  hasten::add_images(at::kFloat, "_fp32");
  hasten::add_images(at::kBFloat16, "_bf16");
  for (const bool text : {true, false}) {
    for (const bool own : {true, false}) {
      const std::string name = hasten::cat("orthogonalise_", text ? "text" : "images", own ? "/ours" : "/theirs");
      benchmark::RegisterBenchmark(name.c_str(),
                                   [=](benchmark::State& bench) { hasten::orthogonalise(bench, text, own); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
