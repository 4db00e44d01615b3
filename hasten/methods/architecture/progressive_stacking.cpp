// progressive_stacking: of k equal blocks in a row only k / 2^d are there at first; at even distances of the budget each
// such row is doubled, block l + k being a copy of block l with its statistics and its optimizer slots.
// Gong et al., Efficient training of BERT by progressively stacking (ICML 2019). In *No Train No Gain* (Kaddour et al.,
// arXiv:2307.06440) the gain vanished at equal budgets with a decayed learning rate: compare at equal budgets.
#include "hasten/methods/architecture/progressive_stacking.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"

namespace hasten {

// Rows of blocks that are equal but for their names and keep the shape of what passes: first index and count, at least
// two each.
struct BlockRow {
  size_t first = 0, count = 0;
};
std::vector<BlockRow> equal_rows(const ModelPlan& plan) {
  auto same_layers = [](const std::vector<Layer>& a, const std::vector<Layer>& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const Layer& x, const Layer& y) {
             return x.kind == y.kind && x.in == y.in && x.out == y.out;
           });
  };
  auto same = [&](const Block& a, const Block& b) {
    return a.part == b.part && a.residual == b.residual && same_layers(a.layers, b.layers) &&
           same_layers(a.shortcut, b.shortcut) && same_layers(a.after, b.after);
  };
  std::vector<BlockRow> rows;
  for (size_t first = 0; first < plan.blocks.size();) {
    size_t end = first + 1;
    while (end < plan.blocks.size() && same(plan.blocks[first], plan.blocks[end])) ++end;
    if (end - first > 1) rows.push_back({first, end - first});
    first = end;
  }
  return rows;
}

// Blocks of a row of `count` that are there while `doublings_left` are to come.
size_t rows_kept(size_t count, int64_t doublings_left) {
  for (; doublings_left > 0; --doublings_left) count = (count + 1) / 2;
  return count;
}

namespace {

class ProgressiveStacking final : public MethodOf<ProgressiveStackingParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    full_ = plan.model;
    size_t longest = 0;
    for (const BlockRow& row : equal_rows(full_)) longest = std::max(longest, row.count);
    if (longest == 0) {
      throw ConfigError("method.progressive_stacking", "a model with equal blocks in a row", "none",
                        "for example model.family = \"resnet\" with model.stages = [3, 3, 3]");
    }
    if (rows_kept(longest, params_.doublings - 1) < 2) {
      throw ConfigError("method.progressive_stacking.doublings", cat("what a row of ", longest, " blocks allows"),
                        std::to_string(params_.doublings), "double less often: some doubling would add no block");
    }
    plan.model = at_level(level_);
  }

  std::optional<PlanChange> replan(State& state) override {
    if (level_ == params_.doublings || state.progress.fraction < next_growth()) return std::nullopt;
    PlanChange change;
    for (const BlockRow& row : equal_rows(full_)) {
      const size_t before = rows_kept(row.count, params_.doublings - level_),
                   now = rows_kept(row.count, params_.doublings - level_ - 1);
      for (size_t i = before; i < now; ++i) {
        change.blocks[full_.blocks[row.first + i].name] = full_.blocks[row.first + i - before].name;
      }
    }
    ++level_;
    change.reason = cat("stacked to ", at_level(level_).blocks.size(), " blocks");
    return change;
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    PassCost mean;
    double from = 0;
    for (int64_t level = 0; level <= params_.doublings; ++level) {
      const double to = level == params_.doublings
                            ? 1
                            : params_.until * static_cast<double>(level + 1) / static_cast<double>(params_.doublings);
      mean += (to - from) * at_level(level).flops();
      from = to;
    }
    estimate.scale(mean, plan.model.flops());
  }

  void state(StateVisitor& visitor) override { visitor.integer("level", level_); }

 private:
  double next_growth() const {
    return params_.until * static_cast<double>(level_ + 1) / static_cast<double>(params_.doublings);
  }

  ModelPlan at_level(int64_t level) const {
    ModelPlan plan = full_;
    std::vector<BlockRow> rows = equal_rows(full_);
    std::reverse(rows.begin(), rows.end());  // from the back, so that indices stay
    for (const BlockRow& row : rows) {
      auto begin = plan.blocks.begin() + static_cast<std::ptrdiff_t>(row.first);
      plan.blocks.erase(begin + static_cast<std::ptrdiff_t>(rows_kept(row.count, params_.doublings - level)),
                        begin + static_cast<std::ptrdiff_t>(row.count));
    }
    plan.infer();
    return plan;
  }

  ModelPlan full_;  // what the recipe asks for; made by plan()
  int64_t level_ = 0;  // doublings done
};

}  // namespace

std::unique_ptr<Method> make_progressive_stacking(const ProgressiveStackingParams& params) {
  return std::make_unique<ProgressiveStacking>(params);
}

}  // namespace hasten
