// From TOML to a Scenario. Whatever the file says and nobody knows is an error: a misspelled fault
// would otherwise be a run without one.
#include "bins/sim/scenario_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>

namespace rpcnet::bins {
namespace {

namespace fs = std::filesystem;
using sim::FaultTemplate;
using sim::Range;
using sim::Scenario;

class Reader {
 public:
  explicit Reader(sim::Problem& problem) : problem_(problem) {}

  Scenario read(const toml::table& file) {
    for (const auto& [key, node] : file) {
      const std::string name(key.str());
      if (name == "name") scenario_.name = text(node);
      else if (name == "about") scenario_.about = text(node);
      else if (name == "seed") scenario_.seed = seed(node);
      else if (name == "profile") profile(node);
      else if (name == "knobs") scenario_.knobs = numbers(node, "");
      else if (name == "swarm") swarm(node);
      else if (name == "faults") faults(node);
      else if (name == "links") links(node);
      else if (const auto* section = node.as_table()) settings(name, *section);
      else scenario_.numbers[name] = range(node);
    }
    return scenario_;
  }

 private:
  static int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

  void fail(const toml::node& node, const std::string& what) {
    if (problem_.what.empty()) problem_ = {line_of(node), what};
  }

  std::string text(const toml::node& node) {
    if (const auto value = node.value<std::string>()) return *value;
    fail(node, "a text in quotes is expected");
    return {};
  }

  std::uint64_t seed(const toml::node& node) {
    const std::string digits = text(node);
    std::uint64_t value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc{} || end != digits.data() + digits.size()) {
      fail(node, "a seed is expected, a whole number in quotes, not \"" + digits + '"');
    }
    return value;
  }

  void profile(const toml::node& node) {
    scenario_.profile = text(node);
    scenario_.profile_line = line_of(node);
  }

  // 7, or [3, 9] for a number to be drawn.
  Range range(const toml::node& node) {
    if (node.is_integer()) {
      const auto value = *node.value<std::int64_t>();
      return {value, value, line_of(node)};
    }
    const auto* pair = node.as_array();
    if (pair != nullptr && pair->size() == 2 && pair->is_homogeneous<std::int64_t>()) {
      return {*pair->get(0)->value<std::int64_t>(), *pair->get(1)->value<std::int64_t>(),
              line_of(node)};
    }
    fail(node, "a whole number or [lowest, highest] is expected");
    return {};
  }

  std::map<std::string, Range> numbers(const toml::node& node, const std::string& prefix) {
    std::map<std::string, Range> found;
    const auto* table = node.as_table();
    if (table == nullptr) {
      fail(node, "a table is expected");
      return found;
    }
    for (const auto& [key, value] : *table) found[prefix + std::string(key.str())] = range(value);
    return found;
  }

  void settings(const std::string& section, const toml::table& table) {
    for (const auto& [key, value] : table) {
      if (section == "network" && key.str() == "latency") {
        scenario_.latency_shape = text(value);
        scenario_.latency_line = line_of(value);
        continue;
      }
      scenario_.numbers[section + '.' + std::string(key.str())] = range(value);
    }
  }

  std::vector<std::string> words(const toml::node& node) {
    std::vector<std::string> found;
    if (node.is_string()) return {text(node)};
    const auto* array = node.as_array();
    if (array == nullptr) {
      fail(node, "a list of names is expected");
      return found;
    }
    for (const auto& word : *array) found.push_back(text(word));
    return found;
  }

  void swarm(const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr) return fail(node, "a table is expected");
    for (const auto& [key, value] : *table) {
      if (key.str() == "faults") scenario_.swarm_faults = range(value);
      else if (key.str() == "kinds") scenario_.swarm_kinds = words(value);
      else fail(value, "swarm has no " + std::string(key.str()));
    }
  }

  void links(const toml::node& node) {
    const auto* lines = node.as_array();
    if (lines == nullptr) return fail(node, "a list of links is expected");
    for (const auto& line : *lines) {
      const auto* table = line.as_table();
      if (table == nullptr) return fail(line, "a link is a table");
      sim::LinkTemplate link{.line = line_of(*table)};
      for (const auto& [key, value] : *table) {
        const auto name = key.str();
        if (name == "from") link.from = words(value);
        else if (name == "to") link.to = words(value);
        else if (name == "latency") link.shape = text(value);
        else link.numbers[std::string(name)] = range(value);
      }
      scenario_.links.push_back(std::move(link));
    }
  }

  // faults.lines as plans print them, or [[faults]].
  void faults(const toml::node& node) {
    const toml::array* lines = node.as_array();
    if (const auto* table = node.as_table()) {
      lines = table->size() == 1 ? (*table)["lines"].as_array() : nullptr;
    }
    if (lines == nullptr) return fail(node, "[[faults]], or lines = [...] is expected");
    for (const auto& line : *lines) {
      const auto* table = line.as_table();
      if (table == nullptr) return fail(line, "a fault is a table");
      scenario_.faults.push_back(fault(*table));
    }
  }

  FaultTemplate fault(const toml::table& table) {
    FaultTemplate fault{.line = line_of(table)};
    for (const auto& [key, value] : table) {
      const auto name = key.str();
      if (name == "kind") fault.kind = text(value);
      else if (name == "hosts") fault.hosts = words(value);
      else if (name == "from") fault.from = words(value);
      else if (name == "to") fault.to = words(value);
      else if (name == "packets") fault.packets = words(value);
      else if (name == "both_ways") fault.both_ways = truth(value);
      else if (name == "groups") groups(value, fault);
      else {
        fault.numbers[std::string(name)] = range(value);
      }
    }
    if (fault.kind.empty()) fail(table, "a fault needs a kind");
    return fault;
  }

  bool truth(const toml::node& node) {
    if (!node.is_boolean()) fail(node, "true or false is expected");
    return node.value_or(false);
  }

  void groups(const toml::node& node, FaultTemplate& fault) {
    const auto* array = node.as_array();
    if (array == nullptr) return fail(node, "a list of lists of names is expected");
    for (const auto& group : *array) fault.groups.push_back(words(group));
  }

  sim::Problem& problem_;
  Scenario scenario_;
};

// sim/scenarios beside one of the parents of the working directory or of the program.
std::optional<fs::path> scenario_folder() {
  std::error_code ignored;
  for (fs::path start : {fs::current_path(ignored), fs::read_symlink("/proc/self/exe", ignored)}) {
    for (; !start.empty(); start = start.parent_path()) {
      const fs::path folder = start / "sim" / "scenarios";
      if (fs::is_directory(folder, ignored)) return folder;
      if (start == start.parent_path()) break;
    }
  }
  return std::nullopt;
}

// `parse`: the TOML; it throws a toml::parse_error.
template <typename Parse>
std::optional<Scenario> read_table(Parse parse, const fs::path& file, std::string& error) {
  sim::Problem problem;
  try {
    Reader reader(problem);
    Scenario scenario = reader.read(parse());
    if (scenario.name.empty()) scenario.name = file.stem().string();
    if (problem.what.empty()) return scenario;
  } catch (const toml::parse_error& wrong) {
    problem = {static_cast<int>(wrong.source().begin.line), std::string(wrong.description())};
  }
  error = describe(file, problem);
  return std::nullopt;
}

}  // namespace

std::optional<Scenario> read_scenario(const fs::path& file, std::string& error) {
  return read_table([&] { return toml::parse_file(file.string()); }, file, error);
}

std::optional<Scenario> parse_scenario(std::string_view text, const fs::path& file,
                                       std::string& error) {
  return read_table([&] { return toml::parse(text); }, file, error);
}

std::string describe(const fs::path& file, const sim::Problem& problem) {
  const std::string line = problem.line > 0 ? ':' + std::to_string(problem.line) : "";
  return file.string() + line + ": " + problem.what;
}

std::optional<fs::path> find_scenario(const std::string& name) {
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) return fs::path(name);
  for (const fs::path& file : named_scenarios()) {
    if (file.stem() == name) return file;
  }
  return std::nullopt;
}

std::vector<fs::path> named_scenarios() {
  std::vector<fs::path> files;
  const auto folder = scenario_folder();
  if (!folder) return files;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace rpcnet::bins
