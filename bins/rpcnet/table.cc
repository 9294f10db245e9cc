#include "bins/rpcnet/table.h"

#include <algorithm>
#include <utility>

#include "engine/assert.h"
#include "io/log.h"

namespace rpcnet::bins {
namespace {

bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_code_point));
}

std::string cut(std::string text, std::size_t width) {
  if (columns_of(text) <= width) return text;
  if (width == 0) return {};
  std::size_t end = 0;
  for (std::size_t column = 0; column + 1 < width; ++column) {
    do {
      ++end;
    } while (!begins_code_point(text[end]));
  }
  text.resize(end);
  return text + "…";
}

void Table::add(std::vector<std::string> cells) {
  ENGINE_ASSERT(cells.size() == rows_.front().size());
  for (std::string& cell : cells) cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::size_t width) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  std::string all;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - columns_of(row[i]) + 2, ' ');
    }
    all += cut(std::move(line), width) + "\n";
  }
  return all;
}

}  // namespace rpcnet::bins
