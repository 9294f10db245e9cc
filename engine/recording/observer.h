// What came out of a node for one input, as fingerprints: the same eyes for the recorder and for
// the replay, so that what they compare is alike.
#pragma once

#include <cstddef>

#include "engine/node.h"
#include "engine/recording.h"
#include "engine/recording/redactor.h"

namespace rpcnet::recording {

class Observer {
 public:
  explicit Observer(bool payloads) : payloads_(payloads) {}

  // Before an input: as it is recorded. What the result borrows is in `storage`, or was borrowed
  // before.
  Fact input(const Fact& fact, Bytes& storage) {
    return payloads_ ? fact : redactor_.redacted(fact, storage);
  }

  // After it: what is pending in the node from `mark` on came of it. Counted and hashed.
  ResultRecord result(const Node& node, std::size_t mark, Outcome outcome) {
    ResultRecord result{outcome, {}};
    for (std::size_t i = mark; i < node.pending(); ++i) {
      const Output& output = node.pending(i);
      result.outputs.push_back(fingerprint(payloads_ ? output : redactor_.redacted(output)));
    }
    ++tally_.inputs;
    tally_.outputs += result.outputs.size();
    tally_.hash.add(result);
    return result;
  }

  const Tally& tally() const { return tally_; }

 private:
  bool payloads_;
  Redactor redactor_;
  Tally tally_;
};

// A result that says nothing is not written.
inline bool worth_writing(const ResultRecord& result) {
  return result.outcome != Outcome::done || !result.outputs.empty();
}

}  // namespace rpcnet::recording
