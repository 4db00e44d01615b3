// A layer of a model plan: any struct with a schema and four functions, held by value.
//
//   struct Scale {
//     static constexpr const char* kKind = "scale";
//     double factor = 1;
//     static constexpr auto schema() { return std::tuple{field("factor", &Scale::factor, "multiplies its input")}; }
//     Shape output(const Shape& in) const { return in; }                    // throws ConfigError if `in` does not fit
//     std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
//     double flops(const Shape&) const { return 0; }                        // of one sample forward, 2 per multiply-add
//   };
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hasten/spec/parameter_plan.h"
#include "hasten/spec/params.h"

namespace hasten {

class LayerKind {
 public:
  template <class T>
    requires requires { T::kKind; }
  LayerKind(T value)
      : operations_(operations<T>()), settings_(param_set(std::move(value))) {}  // NOLINT: meant to convert

  std::string_view name() const { return operations_->name; }
  const ParamSet& settings() const { return settings_; }
  Shape output(const Shape& in) const { return operations_->output(settings_, in); }
  std::vector<ParameterPlan> parameters(const Shape& in) const { return operations_->parameters(settings_, in); }
  double flops(const Shape& in) const { return operations_->flops(settings_, in); }

  // The layer as a T, or nullptr if it is something else.
  template <class T>
  const T* as() const {
    return operations_ == operations<T>() ? &settings_.as<T>() : nullptr;
  }
  template <class T>
  T* as() {
    return operations_ == operations<T>() ? &settings_.as<T>() : nullptr;
  }
  bool operator==(const LayerKind& other) const { return settings_ == other.settings_; }

 private:
  struct Operations {
    std::string_view name;
    Shape (*output)(const ParamSet&, const Shape&);
    std::vector<ParameterPlan> (*parameters)(const ParamSet&, const Shape&);
    double (*flops)(const ParamSet&, const Shape&);
  };
  template <class T>
  static const Operations* operations() {
    static const Operations table{T::kKind, [](const ParamSet& p, const Shape& in) { return p.as<T>().output(in); },
                                  [](const ParamSet& p, const Shape& in) { return p.as<T>().parameters(in); },
                                  [](const ParamSet& p, const Shape& in) { return p.as<T>().flops(in); }};
    return &table;
  }

  const Operations* operations_;
  ParamSet settings_;
};

}  // namespace hasten
