#include "bins/options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "engine/address.h"
#include "engine/ids.h"
#include "engine/tag_filter.h"
#include "io/resolve.h"

namespace rpcnet::bins {
namespace {

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "WORKER_ADDR or --addr", for advice.
std::string names_of(const Setting& setting) {
  std::string names;
  for (const std::string& variable : setting.variables) names += variable + " or ";
  return names + setting.option;
}

// CLI11 indents the lines of a help text, but does not break them.
std::string wrapped(const std::string& text) {
  constexpr std::size_t kWidth = 64;
  std::string lines;
  std::size_t column = 0;
  for (const std::string& word : split(text, ' ')) {
    const bool fits = column + 1 + word.size() <= kWidth;
    if (column > 0) lines += fits ? ' ' : '\n';
    column = column > 0 && fits ? column + 1 + word.size() : word.size();
    lines += word;
  }
  return lines;
}

std::string help_of(const Setting& setting, const Value& value) {
  std::string help = setting.help;
  if (!value.initial.empty()) help += " (" + value.initial + ")";
  help = wrapped(help);
  for (std::size_t i = 0; i < setting.variables.size(); ++i) {
    help += (i == 0 ? "\nvariable " : ", else ") + setting.variables[i];
  }
  return help;
}

// An address to connect to, unlike one to listen on.
bool is_reachable(const std::string& text) {
  const auto parts = parse_host_port(text);
  const auto address = parse_address(text);
  return parts && parts->port != 0 && !(address && address->is_unspecified());
}

std::optional<std::uint64_t> whole_number(const std::string& text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || rest != end) return std::nullopt;
  return number;
}

std::string number_text(std::uint64_t number) { return std::to_string(number); }

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

}  // namespace

Options::Options(std::string program, const std::string& purpose, const std::string& notes)
    : program_(std::move(program)), app_(purpose, program_) {
  app_.get_formatter()->column_width(34);
  app_.set_help_flag("-h,--help", "say this and end");
  app_.set_version_flag("--version", program_ + " " RPCNET_VERSION, "say which version and end");
  app_.footer(notes);
}

void Options::add(Setting setting, Value value) {
  Entry& entry = entries_.emplace_back();
  entry.setting = std::move(setting);
  entry.value = std::move(value);
  const std::string help = help_of(entry.setting, entry.value);
  entry.option = app_.add_option(entry.setting.option, entry.given, help);
  if (entry.setting.value.empty()) {
    entry.option->expected(0, 1)->type_name("[=true|false]");
  } else {
    entry.option->expected(1)->type_name(entry.setting.value);
  }
  entry.option->multi_option_policy(entry.value.repeated ? CLI::MultiOptionPolicy::TakeAll
                                                         : CLI::MultiOptionPolicy::TakeLast);
  entry.option->allow_extra_args(false);
  entry.option->required(entry.setting.required);
}

void Options::parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    throw Exit{0, app_.help()};
  } catch (const CLI::CallForVersion&) {
    throw Exit{0, app_.version() + "\n"};
  } catch (const CLI::ParseError& fault) {
    throw Exit{kUsage, one_line(fault.what()) + "; see " + program_ + " --help"};
  }
  for (const Entry& entry : entries_) {
    if (entry.option->count() > 0) {
      const bool bare_switch = entry.setting.value.empty() && entry.given.back().empty();
      if (bare_switch) {
        take(entry, entry.setting.option, "true");
      } else {
        for (const std::string& given : entry.given) take(entry, entry.setting.option, given);
      }
      continue;
    }
    for (const std::string& variable : entry.setting.variables) {
      const char* content = std::getenv(variable.c_str());
      if (content == nullptr || *content == '\0') continue;
      take(entry, variable, content);
      break;
    }
  }
}

void Options::take(const Entry& entry, const std::string& source, const std::string& text) const {
  if (entry.value.take(text)) return;
  throw Exit{kUsage, source + "=\"" + text + "\": expected " + entry.value.expected + "; correct " +
                         names_of(entry.setting) + " (see " + program_ + " --help)"};
}

Value text(std::string& target) {
  return {.take =
              [&target](const std::string& given) {
                target = given;
                return !given.empty();
              },
          .expected = "a text that is not empty",
          .initial = target};
}

Value address(std::string& target) {
  return {.take =
              [&target](const std::string& given) {
                target = given;
                return parse_host_port(given).has_value();
              },
          .expected = "HOST:PORT, such as 127.0.0.1:61000 or [::1]:61000",
          .initial = target};
}

Value addresses(std::vector<std::string>& target) {
  return {.take =
              [&target](const std::string& given) {
                target = split(given, ',');
                return std::all_of(target.begin(), target.end(), is_reachable);
              },
          .expected =
              "HOST:PORT, or several with commas between, such as 127.0.0.1:61000; nobody "
              "is reached at a wildcard such as 0.0.0.0 or at port 0",
          .initial = joined(target)};
}

Value host(std::string& target) {
  return {.take =
              [&target](const std::string& given) {
                target = given;
                return parse_host_port(given) || parse_host_port(given + ":1") ||
                       parse_host_port("[" + given + "]:1");
              },
          .expected = "HOST:PORT, or HOST alone to keep the port, such as 10.0.0.5",
          .initial = target};
}

Value node_name(std::string& target) {
  return {.take =
              [&target](const std::string& given) {
                target = given;
                return NodeId::parse(given).has_value();
              },
          .expected = "1 to 64 of a-z 0-9 . _ -",
          .initial = target};
}

Value tag(Tags& target) {
  return {.take =
              [&target](const std::string& given) {
                const std::size_t equals = given.find('=');
                const std::string key = given.substr(0, std::min(equals, given.size()));
                if (equals == std::string::npos || !NodeId::parse(key)) return false;
                if (key == "role" || key == "label") return false;
                target[key] = given.substr(equals + 1);
                return true;
              },
          .expected =
              "KEY=VALUE with a key of a-z 0-9 . _ - that is neither role nor label, such "
              "as gpu=true",
          .initial = {},
          .repeated = true};
}

Value tag_filter(std::string& target) {
  return {.take =
              [&target](const std::string& given) {
                target = given;
                return parse_tag_filter(given).has_value();
              },
          .expected = "KEY=VALUE, or several with commas between, such as gpu=true,zone=eu-1",
          .initial = target};
}

Value on_off(bool& target) {
  return {.take =
              [&target](const std::string& given) {
                target = given == "true" || given == "1" || given == "yes" || given == "on";
                return target || given == "false" || given == "0" || given == "no" ||
                       given == "off";
              },
          .expected = "true or false",
          .initial = target ? "true" : "false"};
}

Value count(std::uint64_t& target, std::uint64_t least, std::uint64_t most) {
  return {.take =
              [&target, least, most](const std::string& given) {
                const auto number = whole_number(given);
                if (!number || *number < least || *number > most) return false;
                target = *number;
                return true;
              },
          .expected = "a whole number from " + number_text(least) + " to " + number_text(most),
          .initial = number_text(target)};
}

Value duration_ms(Duration& target, Duration least, Duration most) {
  using std::chrono::milliseconds;
  const auto whole = [](Duration span) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(span).count());
  };
  return {.take =
              [&target, low = whole(least), high = whole(most)](const std::string& given) {
                const auto number = whole_number(given);
                if (!number || *number < low || *number > high) return false;
                target = milliseconds(*number);
                return true;
              },
          .expected = "whole milliseconds from " + number_text(whole(least)) + " to " +
                      number_text(whole(most)),
          .initial = number_text(whole(target))};
}

Value log_level(LogLevel& target) {
  return {.take =
              [&target](const std::string& given) {
                const auto level = parse_log_level(given);
                if (level) target = *level;
                return level.has_value();
              },
          .expected = "off, error, warn, info, debug or trace",
          .initial = "info"};
}

}  // namespace rpcnet::bins
