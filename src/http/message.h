#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynakeep::http {

// Whether two header names, or other ASCII tokens, are the same but for case.
bool equal_ignoring_case(std::string_view left, std::string_view right);

// The header fields of a message, in their order. Names keep their spelling and are compared
// without regard to case.
//
// All fields live in one block of text, in the form they have on the wire, so that a message which
// is cleared and filled again allocates nothing, and writing the fields is one copy. Views into it
// hold until the next change.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  // Appends a field. Neither part may hold a CR or LF: that would be another field, or another
  // message.
  void add(std::string_view name, std::string_view value);
  // Appends a field in place of all of that name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  // Makes room for fields that take so many bytes on the wire.
  void reserve(std::size_t bytes);
  // Forgets the fields and keeps the memory.
  void clear();

  std::size_t size() const { return entries_.size(); }
  Field operator[](std::size_t index) const;

  // The value of the first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }

  // "Name: value\r\n" for each field.
  std::string_view text() const { return text_; }

  // The memory held, used or not.
  std::size_t capacity_bytes() const {
    return text_.capacity() + entries_.capacity() * sizeof(Entry);
  }

 private:
  struct Entry {
    std::uint32_t name_at;
    std::uint32_t name_bytes;
    std::uint32_t value_at;
    std::uint32_t value_bytes;
  };

  std::string text_;
  std::vector<Entry> entries_;
};

struct HttpRequest {
  std::string method = {};  // "POST"
  std::string target = {};  // path and query as sent: "/", "/?X-Amz-Algorithm=…"
  Headers headers = {};
  std::string body = {};
  // Of who sent it, on the server's side: "127.0.0.1", "::1"; empty if the connection has none.
  std::string client_address = {};

  // The target without its query.
  std::string_view path() const;
  // What follows the first '?' of the target; empty if there is none.
  std::string_view query() const;
};

// A body that is made while the client takes it, for what is too long to hold or not there yet. The
// server calls one source from one thread at a time.
class BodySource {
 public:
  enum class State : std::uint8_t {
    more,    // there may be more: ask again
    later,   // nothing for now: ask again when woken
    end,     // this was all
    broken,  // it cannot be brought to its end; the client sees that it is cut short
  };

  virtual ~BodySource() = default;

  // Appends the next part, some 64 KiB or what there is. Must not wait.
  virtual State next(std::string& out) = 0;

  // After `later`: calls `wake` once, from any thread, as soon as next() has something to say. It
  // may be called before this returns, and after the source is gone.
  virtual void when_ready(std::function<void()> wake) = 0;

  // The server stops and would like the end to come soon.
  virtual void finish() {}
};

class LateAnswer;

// Content-Length, Transfer-Encoding, Connection and Date are the connection's to write, not part of
// `headers`.
struct HttpResponse {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  std::shared_ptr<BodySource> source =
      {};                                 // if set, it makes the body, and `body` is not looked at
  bool close = false;                     // the connection ends behind it
  std::shared_ptr<LateAnswer> late = {};  // if set, what it gives is the answer, and this is none
};

// An answer that is not there yet, of a request that waits for something: no thread does. The
// server asks one from one thread at a time, and keeps the answers behind it until it has come.
class LateAnswer {
 public:
  virtual ~LateAnswer() = default;

  // The answer, if it is there by now; what it waits for on disk is noted in the thread's
  // DeferredDurability. If it is not: calls `wake` once, from any thread, as soon as it may be;
  // maybe before this returns, and maybe after this is gone. Must not wait.
  virtual std::optional<HttpResponse> take(std::function<void()> wake) = 0;

  // How long it is waited for; then it is told to finish().
  virtual std::chrono::milliseconds patience() const = 0;

  // Enough waited: the next take() gives an answer.
  virtual void finish() = 0;
};

// "Bad Request" for 400; "Unknown" for a status that this server and its clients have no use for.
std::string_view reason_phrase(int status);

}  // namespace dynakeep::http
