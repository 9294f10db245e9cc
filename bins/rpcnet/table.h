// Table: rows of words, in columns as wide as what is in them.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace rpcnet::bins {

class Table {
 public:
  explicit Table(std::vector<std::string> titles) : rows_{std::move(titles)} {}

  // As many cells as there are titles. What a terminal would take for a command becomes '?'; an
  // empty cell is shown as "-".
  void add(std::vector<std::string> cells);

  // Lines of at most `width` columns; what is cut off ends in "…".
  std::string text(std::size_t width = std::numeric_limits<std::size_t>::max()) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// The columns that a terminal shows this text in, where each code point takes one.
std::size_t columns_of(std::string_view text);
// Cut to so many columns.
std::string cut(std::string text, std::size_t width);

}  // namespace rpcnet::bins
