// A load of DynamoDB requests, or of any others, over a few connections, each with one request
// under way, for as long as told. Prints what it saw as one line of JSON. All requests are made,
// and signed, before the clock starts, so that the client's own work stays small beside the
// server's.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dynakeep/clock.h"
#include "http/signature.h"

namespace {

using Nanoseconds = std::chrono::nanoseconds;
using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::uint16_t port = 8000;
  int connections = 16;
  double seconds = 3;
  std::string workload = "get";
  std::string messages = {};  // a file of requests, in place of a workload
  bool once = false;          // each of them once: the end comes early if they are used up
  std::int64_t items = 10'000;
  std::string access_key = "bench";
  std::string secret_key = "bench-secret";
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "dynakeep_load: %s\n", why.c_str());
  std::exit(1);
}

// ---- what is asked ----

std::string item_name(std::int64_t number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "song-%010lld", static_cast<long long>(number));
  return text.data();
}

// An item of about 450 bytes as DynamoDB counts them. `turn` makes it differ from the last one
// written.
std::string item_json(const std::string& keys, std::int64_t turn) {
  return "{" + keys + R"(,"title":{"S":"Feeling Good"},"album":{"S":"I Put a Spell on You"},)" +
         R"("plays":{"N":")" + std::to_string(turn) + R"("},"live":{"BOOL":false},)" +
         R"("tags":{"SS":["jazz","soul","vocal"]},"home":{"M":{"city":{"S":"Tryon"},"year":{"N":"1933"}}},)" +
         R"("notes":{"S":")" + std::string(300, 'n') + R"("}})";
}

std::string song_keys(std::int64_t number) {
  return R"("name":{"S":")" + item_name(number) + R"("})";
}

// The tables: Songs by name; Tracks, ten to an album, by album and number.
constexpr std::int64_t tracks_of_an_album = 10;

std::string track_keys(std::int64_t album, std::int64_t track) {
  return R"("album_id":{"S":")" + item_name(album) + R"("},"track":{"N":")" +
         std::to_string(track) + R"("})";
}

struct Call {
  std::string operation;
  std::string body;
};

using MakeCall = std::function<Call(std::uint64_t turn, std::mt19937_64& chance)>;

std::map<std::string, MakeCall, std::less<>> workloads(const Options& options) {
  const auto any = [items = options.items](std::mt19937_64& chance) {
    return static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(items));
  };
  const auto name = [](std::int64_t number) { return R"("Key":{)" + song_keys(number) + "}"; };
  std::map<std::string, MakeCall, std::less<>> all;
  all["floor"] = [](std::uint64_t, std::mt19937_64&) { return Call{"GetItem", "{}"}; };
  all["get"] = [=](std::uint64_t, std::mt19937_64& chance) {
    return Call{"GetItem", R"({"TableName":"Songs",)" + name(any(chance)) + "}"};
  };
  all["put"] = [=](std::uint64_t turn, std::mt19937_64& chance) {
    return Call{"PutItem", R"({"TableName":"Songs","Item":)" +
                               item_json(song_keys(any(chance)), static_cast<std::int64_t>(turn)) +
                               "}"};
  };
  all["conditional_put"] = [=](std::uint64_t turn, std::mt19937_64& chance) {
    return Call{"PutItem",
                R"json({"TableName":"Songs","ConditionExpression":"attribute_exists(#n)",)json"
                R"("ExpressionAttributeNames":{"#n":"name"},"Item":)" +
                    item_json(song_keys(any(chance)), static_cast<std::int64_t>(turn)) + "}"};
  };
  all["update"] = [=](std::uint64_t, std::mt19937_64& chance) {
    return Call{"UpdateItem",
                R"({"TableName":"Songs","UpdateExpression":"SET plays = plays + :one",)"
                R"("ExpressionAttributeValues":{":one":{"N":"1"}},)" +
                    name(any(chance)) + "}"};
  };
  all["query"] = [=](std::uint64_t, std::mt19937_64& chance) {
    return Call{"Query", R"({"TableName":"Tracks","KeyConditionExpression":"album_id = :a",)"
                         R"("ExpressionAttributeValues":{":a":{"S":")" +
                             item_name(any(chance) / tracks_of_an_album) + R"("}}})"};
  };
  all["scan"] = [=](std::uint64_t, std::mt19937_64& chance) {
    return Call{"Scan", R"({"TableName":"Songs","Limit":100,"ExclusiveStartKey":{)" +
                            song_keys(any(chance)) + "}}"};
  };
  return all;
}

// Call number `number` of those that fill the tables, 25 items each. Made one by one: millions of
// items need not stand in memory at once.
constexpr std::int64_t items_of_a_load = 25;

Call load_call(const Options& options, bool songs, std::int64_t number) {
  const std::int64_t first = number * items_of_a_load;
  std::string puts;
  for (std::int64_t i = first; i < std::min(first + items_of_a_load, options.items); ++i) {
    if (!puts.empty()) puts += ',';
    puts +=
        R"({"PutRequest":{"Item":)" +
        item_json(songs ? song_keys(i) : track_keys(i / tracks_of_an_album, i % tracks_of_an_album),
                  i) +
        "}}";
  }
  return {"BatchWriteItem", std::string(R"({"RequestItems":{")") + (songs ? "Songs" : "Tracks") +
                                "\":[" + puts + "]}}"};
}

// The whole message as it goes over the wire.
std::string message_of(const Call& call, const Options& options) {
  dynakeep::http::HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.body = call.body;
  request.headers.add("Host", "127.0.0.1:" + std::to_string(options.port));
  request.headers.add("X-Amz-Target", "DynamoDB_20120810." + call.operation);
  request.headers.add("Content-Type", "application/x-amz-json-1.0");
  request.headers.add("Content-Length", std::to_string(call.body.size()));
  dynakeep::http::sign(
      request, {.access_key_id = options.access_key, .secret_access_key = options.secret_key}, {},
      dynakeep::system_clock().now());
  std::string text = "POST / HTTP/1.1\r\n";
  text += request.headers.text();
  text += "\r\n";
  text += request.body;
  return text;
}

std::vector<std::string> messages_of_workload(const Options& options) {
  const auto all = workloads(options);
  const auto make = all.find(options.workload);
  if (make == all.end()) fail("unknown workload " + options.workload + "; see --help");
  constexpr std::size_t prepared = 20'000;
  std::vector<std::string> messages;
  std::mt19937_64 chance(options.port +
                         static_cast<std::uint64_t>(SteadyClock::now().time_since_epoch().count()));
  messages.reserve(prepared);
  for (std::size_t i = 0; i < prepared; ++i) {
    messages.push_back(message_of(make->second(chance(), chance), options));
  }
  return messages;
}

// Requests from a file: each is the number of its bytes in a line of its own, and then those bytes.
std::vector<std::string> messages_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), {});
  std::vector<std::string> messages;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t line = all.find('\n', at);
    const std::size_t bytes = std::strtoull(all.c_str() + at, nullptr, 10);
    if (line == std::string::npos || line + 1 + bytes > all.size()) fail(path + " is cut short");
    messages.push_back(all.substr(line + 1, bytes));
    at = line + 1 + bytes;
  }
  if (messages.empty()) fail("no requests in " + path);
  return messages;
}

// ---- connections ----

// One answer, as far as it has come.
class Answer {
 public:
  void clear() {
    text_.clear();
    head_bytes_ = 0;
  }

  // True once it is whole.
  bool add(const char* data, std::size_t bytes) {
    text_.append(data, bytes);
    if (head_bytes_ == 0) {
      const std::size_t end = text_.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      head_bytes_ = end + 4;
      const std::string_view head(text_.data(), head_bytes_);
      body_bytes_ = length_in(head);
    }
    if (body_bytes_ == chunked) return text_.ends_with("0\r\n\r\n");
    return text_.size() >= head_bytes_ + body_bytes_;
  }

  bool is_ok() const { return text_.compare(0, 10, "HTTP/1.1 2") == 0; }
  const std::string& text() const { return text_; }

 private:
  static constexpr std::size_t chunked = static_cast<std::size_t>(-1);

  static std::size_t length_in(std::string_view head) {
    for (std::size_t at = 0; (at = head.find("\r\n", at)) != std::string_view::npos; at += 2) {
      const std::string_view line = head.substr(at + 2);
      constexpr std::string_view name = "content-length:";
      if (line.size() > name.size() &&
          dynakeep::http::equal_ignoring_case(line.substr(0, name.size()), name)) {
        return static_cast<std::size_t>(std::strtoull(line.data() + name.size(), nullptr, 10));
      }
    }
    return chunked;
  }

  std::string text_;
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_ = 0;
};

struct Connection {
  int socket = -1;
  SteadyClock::time_point begun = {};
  Answer answer = {};
};

int connect_to(std::uint16_t port) {
  const int made = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("nobody answers on port " + std::to_string(port) + ": " + std::strerror(errno));
  }
  const int on = 1;
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return made;
}

struct Seen {
  std::vector<std::uint32_t> latencies_us = {};
  std::uint64_t errors = 0;
  std::string first_error = {};
  double seconds = 0;
};

// Keeps every connection busy with what `next` gives, until it gives none. A message is sent whole
// before `next` is asked again.
Seen drive(const Options& options, const std::function<const std::string*()>& next) {
  Seen seen;
  const int waiting = epoll_create1(0);
  std::vector<Connection> connections(static_cast<std::size_t>(options.connections));
  std::size_t busy = 0;

  const auto begin = [&](Connection& connection) {
    const std::string* message = next();
    if (message == nullptr) return false;
    connection.answer.clear();
    connection.begun = SteadyClock::now();
    std::size_t sent = 0;
    while (sent < message->size()) {
      const ssize_t wrote =
          write(connection.socket, message->data() + sent, message->size() - sent);
      if (wrote <= 0) fail(std::string("sending failed: ") + std::strerror(errno));
      sent += static_cast<std::size_t>(wrote);
    }
    return true;
  };

  const auto start = SteadyClock::now();
  for (Connection& connection : connections) {
    connection.socket = connect_to(options.port);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(waiting, EPOLL_CTL_ADD, connection.socket, &event);
    if (begin(connection)) ++busy;
  }
  std::array<char, 65536> buffer{};
  std::array<epoll_event, 64> events{};
  while (busy > 0) {
    const int ready = epoll_wait(waiting, events.data(), static_cast<int>(events.size()), 30'000);
    if (ready == 0) fail("no answer for 30 seconds");
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      const ssize_t got = read(connection.socket, buffer.data(), buffer.size());
      if (got <= 0) fail("the server closed a connection");
      if (!connection.answer.add(buffer.data(), static_cast<std::size_t>(got))) continue;
      const auto took = SteadyClock::now() - connection.begun;
      seen.latencies_us.push_back(static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
      if (!connection.answer.is_ok()) {
        if (seen.errors++ == 0) seen.first_error = connection.answer.text();
      }
      if (!begin(connection)) --busy;
    }
  }
  seen.seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  for (const Connection& connection : connections) close(connection.socket);
  close(waiting);
  return seen;
}

void report(Seen& seen) {
  if (seen.errors > 0)
    std::fprintf(stderr, "dynakeep_load: first refusal: %s\n", seen.first_error.c_str());
  std::sort(seen.latencies_us.begin(), seen.latencies_us.end());
  const auto percentile = [&](double share) -> std::uint32_t {
    if (seen.latencies_us.empty()) return 0;
    const auto at =
        static_cast<std::size_t>(share * static_cast<double>(seen.latencies_us.size() - 1));
    return seen.latencies_us[at];
  };
  std::printf(
      "{\"requests\": %zu, \"errors\": %llu, \"seconds\": %.3f, \"p50_us\": %u, \"p99_us\": %u}\n",
      seen.latencies_us.size(), static_cast<unsigned long long>(seen.errors), seen.seconds,
      percentile(0.5), percentile(0.99));
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--help") {
      std::puts(
          "dynakeep_load --port N [--connections N] [--seconds S] [--items N] [--key ID --secret "
          "KEY]\n"
          "              --workload "
          "load|load_songs|get|put|conditional_put|update|query|scan|floor\n"
          "              --messages FILE [--once]\n"
          "\n"
          "Sends DynamoDB requests to 127.0.0.1 and prints requests, errors, seconds, p50_us and "
          "p99_us as\n"
          "JSON. `load` fills the tables Songs and Tracks, which must exist, with --items items "
          "each;\n`load_songs` only the first. --messages sends what is in the file in turn: of "
          "each "
          "request the\nnumber of its bytes in a line, then the bytes; with --once it ends when "
          "all "
          "were sent.");
      std::exit(0);
    }
    if (flag == "--once") {
      options.once = true;
      continue;
    }
    if (i + 1 == argc) fail("no value for " + std::string(flag));
    const char* value = argv[++i];
    if (flag == "--port") {
      options.port = static_cast<std::uint16_t>(std::atoi(value));
    } else if (flag == "--connections") {
      options.connections = std::atoi(value);
    } else if (flag == "--seconds") {
      options.seconds = std::atof(value);
    } else if (flag == "--items") {
      options.items = std::atoll(value);
    } else if (flag == "--workload") {
      options.workload = value;
    } else if (flag == "--messages") {
      options.messages = value;
    } else if (flag == "--key") {
      options.access_key = value;
    } else if (flag == "--secret") {
      options.secret_key = value;
    } else {
      fail("unknown flag " + std::string(flag) + "; see --help");
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);

  if (options.workload == "load" || options.workload == "load_songs") {
    const std::int64_t tables = options.workload == "load" ? 2 : 1;
    const std::int64_t calls = (options.items + items_of_a_load - 1) / items_of_a_load * tables;
    std::int64_t number = 0;
    std::string message;
    Seen seen = drive(options, [&]() -> const std::string* {
      if (number == calls) return nullptr;
      message = message_of(load_call(options, number % tables == 0, number / tables), options);
      ++number;
      return &message;
    });
    report(seen);
    return seen.errors == 0 ? 0 : 1;
  }

  const std::vector<std::string> messages =
      options.messages.empty() ? messages_of_workload(options) : messages_in(options.messages);
  std::size_t given = 0;
  const auto end = SteadyClock::now() + std::chrono::duration_cast<Nanoseconds>(
                                            std::chrono::duration<double>(options.seconds));
  Seen seen = drive(options, [&]() -> const std::string* {
    if (SteadyClock::now() >= end || (options.once && given == messages.size())) return nullptr;
    return &messages[given++ % messages.size()];
  });
  report(seen);
  return seen.errors == 0 ? 0 : 1;
}
