// distillation: the loss of a sample is (1 - alpha) CE + alpha T^2 KL(p_T || p_S), p = softmax(z / T) of teacher and
// student; T^2 keeps the gradient's size whatever the temperature. The teacher is a finished run, or is trained before
// this one and charged to it; after `until` it rests, since its help is largest early (arXiv:2211.00683).
// Hinton, Vinyals, Dean, Distilling the knowledge in a neural network (arXiv:1503.02531).
#include "hasten/methods/objective/distillation.h"

#include <ATen/ops/log_softmax.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/rng.h"
#include "hasten/core/loss_term.h"
#include "hasten/core/method.h"
#include "hasten/core/prelude.h"
#include "hasten/data/batch.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/planned_model.h"
#include "hasten/spec/recipe_edit.h"

namespace hasten {

// T^2 KL(teacher || student) of each sample, [n] in fp32; logits [n, classes] in any format.
at::Tensor soft_divergence(const at::Tensor& teacher, const at::Tensor& student, double temperature) {
  at::Tensor p = at::log_softmax(teacher.to(at::kFloat).div(temperature), 1);
  at::Tensor q = at::log_softmax(student.to(at::kFloat).div(temperature), 1);
  return p.exp().mul(p.sub(q)).sum(1).mul(temperature * temperature);
}

// The recipe of a teacher that is trained first: the same without methods, for its own budget, with its own model.
Recipe teacher_recipe(const Recipe& recipe, const DistillationParams& params) {
  const std::string where = "method.distillation.teacher_model";
  Json document = plain_recipe(recipe, "-teacher", params.teacher_budget).to_json();
  try {
    Json edits = Json::object();  // read like the settings of a method
    apply_edits(edits, {.with = {"model(" + params.teacher_model + ")"}, .without = {}, .set = {}});
    edits["method"][0].erase("name");
    // The settings of one family are not those of another, and weights to start from are the student's.
    if (edits["method"][0].contains("family")) document["model"] = Json::object();
    for (const char* start : {"init", "init_skip"}) document["model"].erase(start);
    document["model"].update(edits["method"][0]);
    Recipe teacher = recipe_from_json(document, Catalogue({}));
    Plan plan = baseline_plan(teacher);
    finish_plan(plan);
    return teacher;
  } catch (const ConfigError& error) {
    throw ConfigError(where, error.expected() + " at " + error.where(), error.got(), error.hint());
  }
}

namespace {

constexpr const char* kTeacher = "method.distillation.teacher";

// A recipe that is left of a run when its methods are taken away; what they schedule goes with them.
Recipe without_methods(Json document) {
  document["method"] = Json::array();
  Json& schedule = document["schedule"];
  for (auto entry = schedule.begin(); entry != schedule.end();) {
    entry = entry.key().rfind("method.", 0) == 0 ? schedule.erase(entry) : std::next(entry);
  }
  return recipe_from_json(document, Catalogue({}));
}

ModelPlan model_of(const Recipe& recipe) {
  ModelPlan model = baseline_plan(recipe).model;
  if (model.opaque) {
    throw ConfigError(kTeacher, "a teacher of one of the families", "'" + model.family + "'",
                      "give a finished run of a family, or teacher_model = \"family=...\"");
  }
  model.infer();
  return model;
}

class Distillation final : public MethodOf<DistillationParams>, public Prelude, public LossTerm {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.alpha <= 0) return;
    if (params_.teacher.empty()) {
      expect(teacher_recipe(plan.run.recipe, params_), plan.model);
      return;
    }
    if (!params_.teacher_model.empty()) {
      throw ConfigError("method.distillation.teacher_model", "nothing beside a teacher that is trained already",
                        "'" + params_.teacher_model + "'", "drop one of teacher and teacher_model");
    }
    // A run that is resumed has its teacher and may have outlived the directory.
    const std::filesystem::path record = std::filesystem::path(params_.teacher) / "run.json";
    if (std::filesystem::exists(record)) expect(without_methods(read_json(record)["recipe"]), plan.model);
  }

  std::vector<PreludeRun> runs(const Recipe& recipe, uint64_t seed) const override {
    if (params_.alpha <= 0) return {};
    if (!params_.teacher.empty()) return {{params_.teacher, {}, 0}};
    // Another start and order than this run's; 32 bits are easier to read in a record.
    return {{"", teacher_recipe(recipe, params_), mix(seed, operation("distillation.teacher")) >> 32}};
  }

  void finished(size_t, State& run) override {
    for (const MethodChoice& choice : run.plan.run.recipe.methods) {
      for (const Use& use : choice.spec->uses) {
        if (use.site == Site(Seam::kWeightTransform)) refuse_changed("'" + choice.spec->name + "'");
      }
    }
    recipe_ = without_methods(run.plan.run.recipe.to_json()).to_json().dump();
    tensors_ = run.model.tensors();
    rebuild();
    for (size_t i = 0; i < plan_.blocks.size(); ++i) {
      const auto &theirs = run.plan.model.blocks.at(i).layers, &ours = plan_.blocks[i].layers;
      const bool same = std::equal(theirs.begin(), theirs.end(), ours.begin(), ours.end(),
                                   [](const Layer& a, const Layer& b) { return a.kind == b.kind; });
      if (!same) refuse_changed("other layers in '" + plan_.blocks[i].name + "'");
    }
  }

  void apply(at::Tensor& losses, State& state) override {
    if (!acts(state)) return;
    at::Tensor logits;
    {
      c10::NoGradGuard no_grad;
      PrecisionScope precision(state.plan.run.precision.compute);
      logits = teacher_->forward(state.microbatch->inputs);
    }
    at::Tensor soft = soft_divergence(logits, state.outputs, params_.temperature);
    losses = losses.mul(1 - params_.alpha).add(soft, params_.alpha);
  }

  uint64_t work(const State& state) const override { return acts(state) ? 1 : 0; }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    if (params_.alpha <= 0) return;
    const PassCost pass = plan_.flops();
    estimate.forward += params_.until * pass.forward;
    estimate.forward_passes += params_.until;
    if (!params_.teacher.empty()) return;  // what it cost is in its record
    Plan teacher = baseline_plan(teacher_recipe(plan.run.recipe, params_));  // trained on all samples
    finish_plan(teacher);
    const double samples = teacher.run.length().total(Unit::kSample);
    if (samples > 0) estimate.before += samples * (pass.forward + pass.backward);
  }

  void state(StateVisitor& visitor) override {
    visitor.text("recipe", recipe_);
    visit_named(visitor, "teacher", tensors_);
    if (visitor.loading() && !tensors_.empty()) rebuild();
  }

 private:
  bool acts(const State& state) const { return params_.alpha > 0 && state.progress.fraction < params_.until; }

  // The teacher that is to come, for its cost; refuses one that answers another question.
  void expect(const Recipe& teacher, const ModelPlan& student) {
    if (teacher_) return;
    plan_ = model_of(teacher);
    if (plan_.input == student.input && plan_.outputs == student.outputs) return;
    throw ConfigError(kTeacher, "a teacher from " + to_string(student.input) + " to " + std::to_string(student.outputs),
                      to_string(plan_.input) + " to " + std::to_string(plan_.outputs),
                      "train it on the data of this recipe");
  }

  [[noreturn]] static void refuse_changed(const std::string& got) {
    throw ConfigError(kTeacher, "a teacher whose methods left its model as the family makes it", got,
                      "train the teacher without the methods that change its model");
  }

  // The teacher's model from its recipe and `tensors_`, which become its own.
  void rebuild() {
    plan_ = model_of(recipe_from_json(parse_json(recipe_, "the teacher's recipe"), Catalogue({})));
    if (tensors_.empty()) refuse_changed("no tensors");
    teacher_.emplace(plan_, 0, MethodSeams{nullptr, nullptr, tensors_.front().value.device()});
    teacher_->set_training(false);
    std::vector<NamedTensor> own = teacher_->tensors();
    c10::NoGradGuard no_grad;
    if (own.size() != tensors_.size()) refuse_changed("other tensors");
    for (size_t i = 0; i < own.size(); ++i) {
      const NamedTensor& theirs = tensors_[i];
      const bool same = own[i].name == theirs.name && own[i].value.sizes() == theirs.value.sizes();
      if (!same) refuse_changed("'" + theirs.name + "' of shape " + to_string(theirs.value.sizes().vec()));
      own[i].value.detach().copy_(theirs.value);
    }
    tensors_ = std::move(own);
  }

  ModelPlan plan_;      // of the teacher
  std::string recipe_;  // of the teacher, resolved: its model is made from it again when a run is resumed
  std::optional<PlannedModel> teacher_;
  std::vector<NamedTensor> tensors_;  // of the teacher
};

}  // namespace

std::unique_ptr<Method> make_distillation(const DistillationParams& params) {
  return std::make_unique<Distillation>(params);
}

}  // namespace hasten
