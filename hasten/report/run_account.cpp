// What a finished run's accounting says.
#include "hasten/report/run_account.h"

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/table.h"

namespace hasten::report {
namespace {

void add_shares(const std::string& title, const std::vector<diagnose::AccountShare>& shares, std::string& out) {
  if (shares.empty()) return;
  Table table;
  table.head = {title, "seconds", "share"};
  for (const diagnose::AccountShare& share : shares)
    table.rows.push_back({share.name, fixed(share.seconds, 2), fixed(100 * share.share, 1) + "%"});
  out += "\n" + terminal_table(table);
}

Json shares_json(const std::vector<diagnose::AccountShare>& shares) {
  Json out = Json::array();
  for (const diagnose::AccountShare& share : shares)
    out.push_back({{"name", share.name}, {"seconds", share.seconds}, {"share", share.share}});
  return out;
}

}  // namespace

std::string run_account_text(const diagnose::RunAccount& account, const evaluate::RunRecord& record) {
  std::string out = "run " + record.id + "\n";
  for (const std::string& line : account.conclusions) out += line + "\n";
  add_shares("where the time went", account.total, out);
  add_shares("what the loader's threads did", account.loader, out);
  out += "\nwithout experiments it cannot be said\n";
  for (const std::string& line : account.open) out += "  " + line + "\n";
  out += "'hasten diagnose RECIPE' makes them\n";
  return out;
}

Json run_account_json(const diagnose::RunAccount& account) {
  const auto optional = [](const auto& value) { return value ? Json(*value) : Json(); };
  return {{"limit", account.limit ? Json(std::string(diagnose::name_of(*account.limit))) : Json()},
          {"s_max", account.s_max > 0 ? Json(account.s_max) : Json()},
          {"input_share", optional(account.input_share)},
          {"steady_share", optional(account.steady_share)},
          {"total", shares_json(account.total)},
          {"loader", shares_json(account.loader)},
          {"conclusions", account.conclusions},
          {"open", account.open}};
}

}  // namespace hasten::report
