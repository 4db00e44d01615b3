// Typed parameters: a struct states its fields once, and help, defaults, errors, JSON and printing come from that.
//
//   struct CutMixParams {
//     double alpha = 1.0;
//     static constexpr auto schema() {
//       return std::tuple{field("alpha", &CutMixParams::alpha, {1e-6, 100}, "Beta(alpha, alpha) shape of the area")};
//     }
//   };
#pragma once

#include <any>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/base/units.h"
#include "hasten/spec/field.h"
#include "hasten/spec/schedule.h"

namespace hasten {

// What help, docs and errors say of one field.
struct FieldInfo {
  std::string name, type, unit, help;
  Range range;
  std::vector<std::string> choices;  // of an enum; empty otherwise
};

class ParamSet;

// The erased schema of one struct; one object per struct, made by describe<P>().
class ParamTable {
 public:
  virtual ~ParamTable() = default;
  const std::vector<FieldInfo>& fields() const { return fields_; }
  const FieldInfo* find(std::string_view name) const;

  ParamSet defaults() const;
  // Reads an object; a key that is no field, a wrong type or a value out of range throws ConfigError naming
  // `where.key`. Keys in `skip` are somebody else's.
  ParamSet parse(const Json& object, const std::string& where, const std::vector<std::string>& skip = {}) const;

 protected:
  friend class ParamSet;
  virtual std::any make() const = 0;
  virtual void assign(std::any& value, size_t index, const Json& json, const std::string& where) const = 0;
  virtual void get(const std::any& value, size_t index, Json& out) const = 0;
  virtual void visit_schedules(std::any& value, void (*visitor)(void*, const FieldInfo&, Schedule&),
                               void* context) const = 0;
  std::vector<FieldInfo> fields_;
};

// A value of some parameter struct, whose type is known by its table. Copies are independent.
class ParamSet {
 public:
  ParamSet() = default;
  ParamSet(const ParamTable* table, std::any value) : table_(table), value_(std::move(value)) {}

  const ParamTable* table() const { return table_; }
  template <class P>
  const P& as() const {
    return *std::any_cast<P>(&value_);
  }
  template <class P>
  P& as() {
    return *std::any_cast<P>(&value_);
  }
  Json get(std::string_view name) const;
  void set(std::string_view name, const Json& value, const std::string& where);
  Json to_json() const;
  // Places every schedule among the fields on the budget.
  void resolve_schedules(const RunLength& length, const std::string& where);
  bool operator==(const ParamSet& other) const;

 private:
  const ParamTable* table_ = nullptr;
  std::any value_;
};

namespace params_detail {

// One pair per supported type; the bodies are in params.cpp, so that headers need no JSON library.
void assign(bool& out, const Json& json, const FieldInfo& info, const std::string& where);
void assign(int64_t& out, const Json& json, const FieldInfo& info, const std::string& where);
void assign(double& out, const Json& json, const FieldInfo& info, const std::string& where);
void assign(std::string& out, const Json& json, const FieldInfo& info, const std::string& where);
void assign(Duration& out, const Json& json, const FieldInfo& info, const std::string& where);
void assign(Schedule& out, const Json& json, const FieldInfo& info, const std::string& where);
void assign(std::vector<int64_t>& out, const Json& json, const FieldInfo& info, const std::string& where);
void assign(std::vector<double>& out, const Json& json, const FieldInfo& info, const std::string& where);
void assign(std::vector<std::string>& out, const Json& json, const FieldInfo& info, const std::string& where);
size_t choice_index(const Json& json, const FieldInfo& info, const std::string& where);
void store(Json& out, bool value);
void store(Json& out, int64_t value);
void store(Json& out, double value);
void store(Json& out, const std::string& value);
void store(Json& out, const Duration& value);
void store(Json& out, const Schedule& value);
void store(Json& out, const std::vector<int64_t>& value);
void store(Json& out, const std::vector<double>& value);
void store(Json& out, const std::vector<std::string>& value);

template <class T>
constexpr const char* type_name() {
  if constexpr (std::is_enum_v<T>) return "choice";
  else if constexpr (std::is_same_v<T, bool>) return "true or false";
  else if constexpr (std::is_same_v<T, int64_t>) return "integer";
  else if constexpr (std::is_same_v<T, double>) return "number";
  else if constexpr (std::is_same_v<T, std::string>) return "text";
  else if constexpr (std::is_same_v<T, Duration>) return "duration";
  else if constexpr (std::is_same_v<T, Schedule>) return "number or schedule";
  else if constexpr (std::is_same_v<T, std::vector<int64_t>>) return "list of integers";
  else if constexpr (std::is_same_v<T, std::vector<double>>) return "list of numbers";
  else return "list of texts";
}

template <class P>
class TableOf final : public ParamTable {
 public:
  TableOf() {
    std::apply([&](const auto&... f) { (add(f), ...); }, P::schema());
  }

 private:
  template <class T>
  void add(const Field<P, T>& f) {
    FieldInfo info{f.name, type_name<T>(), f.unit, f.help, f.range, {}};
    if constexpr (std::is_enum_v<T>) {
      for (std::string_view name : choices(T{})) info.choices.emplace_back(name);
    }
    fields_.push_back(std::move(info));
  }
  template <class F>
  static void at(size_t index, F&& action) {
    size_t i = 0;
    std::apply([&](const auto&... f) { ((i++ == index ? action(f) : void()), ...); }, P::schema());
  }
  std::any make() const override { return P{}; }
  void assign(std::any& value, size_t index, const Json& json, const std::string& where) const override {
    P& object = *std::any_cast<P>(&value);
    at(index, [&](const auto& f) {
      auto& member = object.*(f.member);
      using T = std::remove_reference_t<decltype(member)>;
      if constexpr (std::is_enum_v<T>) member = static_cast<T>(choice_index(json, fields_[index], where));
      else params_detail::assign(member, json, fields_[index], where);
    });
  }
  void get(const std::any& value, size_t index, Json& out) const override {
    const P& object = *std::any_cast<P>(&value);
    at(index, [&](const auto& f) {
      const auto& member = object.*(f.member);
      using T = std::remove_cvref_t<decltype(member)>;
      if constexpr (std::is_enum_v<T>) store(out, std::string(choices(T{})[static_cast<size_t>(member)]));
      else store(out, member);
    });
  }
  void visit_schedules(std::any& value, void (*visitor)(void*, const FieldInfo&, Schedule&),
                       void* context) const override {
    P& object = *std::any_cast<P>(&value);
    size_t i = 0;
    auto each = [&](const auto& f) {
      auto& member = object.*(f.member);
      if constexpr (std::is_same_v<std::remove_reference_t<decltype(member)>, Schedule>)
        visitor(context, fields_[i], member);
      ++i;
    };
    std::apply([&](const auto&... f) { (each(f), ...); }, P::schema());
  }
};

}  // namespace params_detail

// The table of a parameter struct; one for the whole program.
template <class P>
const ParamTable* describe() {
  static const params_detail::TableOf<P> table;
  return &table;
}

// A value of the struct, erased.
template <class P>
ParamSet param_set(P value = {}) {
  return ParamSet(describe<P>(), std::any(std::move(value)));
}

}  // namespace hasten
