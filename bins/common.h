// The settings that director, worker and client share, and what is made of them.
#pragma once

#include <string>

#include "bins/console.h"
#include "bins/options.h"
#include "io/credentials.h"
#include "io/host.h"

namespace rpcnet::bins {

struct CommonOptions {
  LogLevel log = LogLevel::info;
  Symbols symbols = Symbols::automatic;
  CredentialFiles credentials{};
  RecordingOptions recording{};
};

void add_common(Options& options, CommonOptions& target);

// Those of a member: who it is and where others reach it.
struct MemberOptions {
  std::string node{};
  std::string advertise{};
  std::string snapshot{};
};

void add_member(Options& options, MemberOptions& target);

// The library's log at the level that was asked for, on standard error. At `info`, which is what
// the programs run at, the library only warns: the terminal is the program's.
void set_up_library_log(LogLevel wanted);

// What Host::start or a join found wrong, as the end of the program.
Exit cannot_start(const std::string& addr, const Status& status);

HostOptions member_host(const std::string& bind, const std::string& director,
                        const CommonOptions& common, const MemberOptions& member);

}  // namespace rpcnet::bins
