#include "hasten/report/static_page.h"

#include "hasten/base/clock.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/assets.h"
#include "hasten/report/diagnosis_wording.h"

namespace hasten::report {
namespace {

std::string escaped_line(const std::string& text) { return html_escape(one_line(text)); }

// JSON inside a script element: nothing in it can end the element.
std::string script_data(const Json& json) {
  std::string out;
  for (const char c : json.dump(1, ' ', false, Json::error_handler_t::replace))
    out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

std::string save_button(const char* data, const std::string& name, const char* words) {
  return cat("<button type=\"button\" data-save=\"", data, "\" data-name=\"", escaped_line(name), "\">", words,
             "</button>");
}

}  // namespace

std::string static_page(const StaticPage& page, const Json& data) {
  const std::string title = escaped_line(page.title);
  // No request can leave the page, whatever things are called.
  std::string html =
      cat("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
          "content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src "
          "'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:\"><title>",
          title, "</title><style>", assets::page_css(), page.css, "</style></head><body><main><header><div><h1>", title,
          "</h1></div>", page.csv.empty() ? "" : save_button("csv", page.csv_name, "CSV"),
          save_button("data", page.json_name, "JSON"),
          "<button type=\"button\" id=\"theme\">light / dark</button></header>", page.body);
  if (!page.command.empty()) html += "<h2>How to reproduce</h2><pre>" + escaped_line(page.command) + "</pre>";
  html += cat("<footer>Made by hasten, ", escaped_line(utc_now()), ".",
              page.footer.empty() ? "" : " " + escaped_line(page.footer),
              "</footer></main><script type=\"application/json\" id=\"data\">", script_data(data), "</script>");
  if (!page.csv.empty()) html += "<textarea id=\"csv\" hidden>" + html_escape(page.csv) + "</textarea>";
  return html + cat("<script>", assets::static_page_js(), "</script></body></html>\n");
}

}  // namespace hasten::report
