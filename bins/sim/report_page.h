// A run as one web page that needs nothing else: who lived when, what each thought of the others,
// what went wrong when, and what the failure can have come from.
#pragma once

#include <string>

#include "sim/plan.h"
#include "sim/simulation.h"

namespace rpcnet::bins {

struct PageWords {
  std::string net;
  std::string reproduce;  // the line to paste
};

// The report must have a timeline. False: the file cannot be written.
bool write_report_page(const std::string& file, const sim::Plan& plan, const sim::Report& report,
                       const PageWords& words);

}  // namespace rpcnet::bins
