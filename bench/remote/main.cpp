// What a call through a remote Database costs the client: CPU of the whole process, user and
// system, over one connection that stays open. client.mjs and client.py do the same with the AWS
// SDK for JavaScript and boto3, by the same flags, and print the same figures as JSON.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dynakeep/json.h"
#include "dynakeep/remote.h"
#include "http/signature.h"
#include "wire/message_json.h"

using namespace dynakeep;

namespace {

using SteadyClock = std::chrono::steady_clock;
using Call = std::function<void(std::uint64_t turn)>;

struct Options {
  std::string endpoint = {};
  std::string operation = {};
  std::string item = {};
  double seconds = 3;
  unsigned connections = 1;
  std::uint64_t items = 1000;
  std::string access_key = {};
  std::string secret_key = {};
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "dynakeep_remote_client: %s\n", why.c_str());
  std::exit(1);
}

std::string name_of(const Options& options, std::uint64_t turn) {
  char text[32];
  std::snprintf(text, sizeof text, "song-%010llu",
                static_cast<unsigned long long>(turn % options.items));
  return text;
}

Item read_item(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  auto item = item_from_dynamodb_json(text.str());
  if (!item) fail(path + ": " + item.error().message());
  return std::move(*item);
}

PutItemRequest put_of(const Options& options, const Item& item, std::uint64_t turn) {
  auto changed = item;
  changed["name"] = name_of(options, turn);
  changed["plays"] = turn;
  return {.table_name = "Songs", .item = std::move(changed)};
}

GetItemRequest get_of(const Options& options, std::uint64_t turn) {
  return {.table_name = "Songs", .key = Key{{"name", name_of(options, turn)}}};
}

// What is looked at is decoded: an answer that no one reads would be too cheap.
void look_at(const Result<GetItemResult>& got, const AttributeValue& title) {
  if (!got) fail(got.error().message());
  if (!got->item || got->item->at("title") != title) fail("another item");
}

Call call_of(const Options& options, Database& database, const Item& item) {
  if (options.operation == "get") {
    return [&options, &database, title = item.at("title")](std::uint64_t turn) {
      look_at(database.get_item(get_of(options, turn)), title);
    };
  }
  if (options.operation != "put") fail("no operation " + options.operation);
  return [&options, &database, &item](std::uint64_t turn) {
    const auto done = database.put_item(put_of(options, item, turn));
    if (!done) fail(done.error().message());
  };
}

// The least that a GetItem can cost: one request, made before, is sent, and its answer read, with
// the two system calls that this takes.
Call bare_exchange(const Options& options) {
  const auto colon = options.endpoint.rfind(':');
  const auto port = static_cast<std::uint16_t>(std::atoi(options.endpoint.c_str() + colon + 1));
  http::HttpRequest request{.method = "POST", .target = "/"};
  request.body = *wire::encode_message(get_of(options, 0));
  request.headers.add("Host", options.endpoint.substr(std::strlen("http://")));
  request.headers.add("X-Amz-Target", "DynamoDB_20120810.GetItem");
  request.headers.add("Content-Type", "application/x-amz-json-1.0");
  http::sign(request,
             {.access_key_id = options.access_key, .secret_access_key = options.secret_key}, {},
             system_clock().now());
  const std::string message = "POST / HTTP/1.1\r\n" + std::string(request.headers.text()) +
                              "Content-Length: " + std::to_string(request.body.size()) +
                              "\r\n\r\n" + request.body;

  const int connection = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("nobody answers at " + options.endpoint);
  }
  const int on = 1;
  ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return [connection, message](std::uint64_t) {
    char answer[65536];
    if (::send(connection, message.data(), message.size(), 0) < 0 ||
        ::recv(connection, answer, sizeof answer, 0) <= 0) {
      fail("the connection was lost");
    }
  };
}

double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto microseconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return microseconds(used.ru_utime) + microseconds(used.ru_stime);
}

using Latencies = std::vector<std::uint32_t>;  // microseconds

Latencies call_until(const Call& call, std::uint64_t turn, SteadyClock::time_point end) {
  Latencies latencies;
  for (auto now = SteadyClock::now(); now < end; ++turn) {
    call(turn);
    const auto after = SteadyClock::now();
    latencies.push_back(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(after - now).count()));
    now = after;
  }
  return latencies;
}

// Each call on a thread of its own, again and again.
Latencies run(const std::vector<Call>& calls, double seconds) {
  const auto end = SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(
                                            std::chrono::duration<double>(seconds));
  std::vector<Latencies> found(calls.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < calls.size(); ++i) {
    threads.emplace_back([&, i] { found[i] = call_until(calls[i], i * 997, end); });
  }
  Latencies all = call_until(calls.front(), 0, end);
  for (auto& thread : threads) thread.join();
  for (const auto& more : found) all.insert(all.end(), more.begin(), more.end());
  std::sort(all.begin(), all.end());
  return all;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const char* value = argv[i + 1];
    if (flag == "--endpoint") {
      options.endpoint = value;
    } else if (flag == "--operation") {
      options.operation = value;
    } else if (flag == "--item") {
      options.item = value;
    } else if (flag == "--seconds") {
      options.seconds = std::atof(value);
    } else if (flag == "--connections") {
      options.connections = static_cast<unsigned>(std::atoi(value));
    } else if (flag == "--items") {
      options.items = std::strtoull(value, nullptr, 10);
    } else if (flag == "--key") {
      options.access_key = value;
    } else if (flag == "--secret") {
      options.secret_key = value;
    } else {
      fail("unknown flag " + std::string(flag));
    }
  }
  if (options.endpoint.empty() || options.item.empty() || options.connections == 0) {
    fail(
        "use: --endpoint http://127.0.0.1:PORT --operation get|put|bare --item FILE "
        "[--seconds S] [--connections N] [--items N] --key ID --secret KEY");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const Item item = read_item(options.item);
  std::unique_ptr<Database> database;
  if (options.operation != "bare") {
    auto connected =
        connect_remote({.endpoint = options.endpoint,
                        .region = "us-east-1",
                        .credentials = fixed_credentials({.access_key_id = options.access_key,
                                                          .secret_access_key = options.secret_key}),
                        .attempts_max = 1,
                        .ask_capabilities = false});
    if (!connected) fail(connected.error().message());
    database = std::move(*connected);
  }
  std::vector<Call> calls;
  for (unsigned i = 0; i < options.connections; ++i) {
    calls.push_back(database ? call_of(options, *database, item) : bare_exchange(options));
  }

  run(calls, options.seconds / 4);
  const double before = cpu_us();
  const auto latencies = run(calls, options.seconds);
  const double used = cpu_us() - before;
  const auto percentile = [&](double share) {
    return latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
  };
  std::printf("{\"calls\": %zu, \"cpu_us\": %.2f, \"p50_us\": %u, \"p99_us\": %u}\n",
              latencies.size(), used / static_cast<double>(latencies.size()), percentile(0.5),
              percentile(0.99));
}
