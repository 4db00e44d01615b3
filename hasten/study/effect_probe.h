// Watches what calls of methods change, from outside.
#pragma once

#include <array>
#include <map>
#include <string>

#include "hasten/core/engine.h"
#include "hasten/train/trainer.h"

namespace hasten {

// Hashes model, slots, batch, losses, gradients and random state before and after each call, and gathers what changed.
// What a seam lets a method do by its nature (a pass moves running statistics) is not held against it.
class EffectProbe final : public Engine::Probe {
 public:
  explicit EffectProbe(Trainer& trainer) : trainer_(trainer) { trainer.engine().set_probe(this); }
  ~EffectProbe() override { trainer_.engine().set_probe(nullptr); }

  void before(const MethodSpec& spec, Site site) override;
  void after(const MethodSpec& spec, Site site) override;

  // Effects seen so far by method; kRandomState is a bit that no method may have.
  static constexpr Effects kRandomState = 1u << 31;
  Effects seen(const std::string& method) const;
  // Where an effect was seen first: "GradientsReady".
  std::string where(const std::string& method, Effects effect) const;

 private:
  struct Snapshot {
    std::array<std::string, 12> hashes;
  };
  Snapshot take() const;
  Trainer& trainer_;
  std::vector<Snapshot> open_;  // calls may nest: a block within a wrapper
  std::map<std::string, std::map<Effects, std::string>> seen_;
};

// The names of a set of effects, for messages.
std::string effects_text(Effects effects);

}  // namespace hasten
