// Result<T>: a value, or the Status that says why there is none. The library's functions return it
// instead of throwing.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "engine/assert.h"
#include "engine/status.h"

namespace rpcnet {

template <typename T>
class [[nodiscard]] Result {
 public:
  // Empty: StatusCode::unknown. Asio needs it, to have something to hand on beside an exception.
  Result() : content_(Status{.code = StatusCode::unknown, .message = "no result", .details = {}}) {}
  Result(T value) : content_(std::move(value)) {}
  // An ok status without a value is a bug of whoever returns it, and is told as one.
  Result(Status status)
      : content_(status.ok() ? Status{.code = StatusCode::internal,
                                      .message = "a success without a value",
                                      .details = {}}
                             : std::move(status)) {}

  bool ok() const { return std::holds_alternative<T>(content_); }
  explicit operator bool() const { return ok(); }

  // The value; asserted to be there.
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() {
    ENGINE_ASSERT(ok());
    return *std::get_if<T>(&content_);
  }
  const T& value() const {
    ENGINE_ASSERT(ok());
    return *std::get_if<T>(&content_);
  }

  // ok when there is a value.
  Status status() const { return ok() ? Status{} : *std::get_if<Status>(&content_); }
  StatusCode code() const { return ok() ? StatusCode::ok : std::get_if<Status>(&content_)->code; }

 private:
  std::variant<Status, T> content_;
};

// A Status in few words: `co_return error(StatusCode::not_found, "no such sheep");`
inline Status error(StatusCode code, std::string message) {
  return Status{.code = code, .message = std::move(message), .details = {}};
}

// "unavailable: connection refused", for logs and terminals.
inline std::string to_text(const Status& status) {
  std::string text = to_text(status.code);
  if (!status.message.empty()) text += ": " + status.message;
  return text;
}

}  // namespace rpcnet
