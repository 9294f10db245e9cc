// FlightRecorder: a Recorder and its file.
//
// What one pass of the loop recorded is written at its end, in one piece, so a process that is
// killed leaves everything up to its last pass. One that terminates (a failed assertion, an
// exception that nobody caught) also leaves the input that it died of. A fault of the file ends the
// recording with one line in the log, never the process.
#pragma once

#include <memory>
#include <string>

#include "engine/recorder.h"
#include "io/recording_options.h"

namespace rpcnet::core {

class FlightRecorder {
 public:
  // Begins the recording of a new node, if the options name a file. Null: they do not, or it
  // cannot be; then a line in the log says why, and `counters` counts it.
  static std::unique_ptr<FlightRecorder> start(Node& node, Instant now,
                                               const RecordingOptions& options,
                                               RecordingCounters& counters);
  ~FlightRecorder();
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  // In front of the node.
  Recorder& recorder() { return recorder_; }

  // Writes what there is. False: the recording is over and a line has said why; drop it.
  bool flush();
  // Ends it in good order.
  void close();

 private:
  FlightRecorder(Node& node, Instant now, const RecordingOptions& options, int file,
                 RecordingCounters& counters);
  int write_pending();  // the error number, or 0
  static void on_terminate();

  std::string name_;
  std::uint64_t bytes_max_;
  int file_;
  Recorder recorder_;
  RecordingCounters& counters_;
};

}  // namespace rpcnet::core
