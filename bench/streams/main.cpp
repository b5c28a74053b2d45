// What streams and times to live cost, on any database, embedded or remote.
//
//   dynakeep_stream_bench CONNECTION SECONDS [WHAT…]
//
// WHAT is writes, reading, delivery, idle, sweep; left out, all that can be measured on that
// database: what counts the CPU of this process needs an embedded one. Prints one JSON object.
// Tables of a server remain there, under new names each time.

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include <time.h>
#include <unistd.h>

#include "bench_tables.h"
#include "server/unused_database.h"

namespace dynakeep::bench {

using namespace std::chrono_literals;

namespace {

class Polled final : public server::UnusedDatabase {
 public:
  explicit Polled(Database& database) : database_(database) {}
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    return database_.describe_stream(request);
  }
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    return database_.get_shard_iterator(request);
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    return database_.get_records(request);
  }

 private:
  Database& database_;
};

}  // namespace

std::unique_ptr<Database> polled(Database& database) { return std::make_unique<Polled>(database); }

std::unique_ptr<Database> Bench::open(EmbeddedOptions options) const {
  options.durability = Durability::none;
  std::string place = connection;
  if (place.starts_with("embedded:")) {
    static int opened = 0;
    place += "/" + std::to_string(getpid()) + "-" + std::to_string(++opened);
  }
  return must(dynakeep::open(place, {.embedded = options}));
}

double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void come_to_rest() {
  for (int i = 0; i < 100; ++i) {
    const double before = cpu_seconds();
    std::this_thread::sleep_for(50ms);
    if (cpu_seconds() - before < 0.001) return;
  }
}

std::string name_of(int number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "song-%010d", number);
  return text.data();
}

Item song(int number, std::int64_t turn) {
  return Item{{"name", name_of(number)},
              {"title", "Feeling Good"},
              {"album", "I Put a Spell on You"},
              {"plays", turn},
              {"live", false},
              {"tags", StringSet{"jazz", "soul", "vocal"}},
              {"home", AttributeMap{{"city", "Tryon"}, {"year", 1933}}},
              {"notes", std::string(300, 'n')}};
}

Item small_song(int number, std::int64_t turn) {
  return Item{{"name", name_of(number)}, {"plays", turn}, {"title", "Feeling Good"}};
}

std::string make_table(Database& database, const std::string& table,
                       std::optional<StreamViewType> stream) {
  CreateTableRequest request{
      .table_name = table,
      .attribute_definitions = std::vector<AttributeDefinition>{{"name", ScalarType::string}},
      .key_schema = KeySchema{{"name", KeyType::hash}},
      .billing_mode = BillingMode::pay_per_request};
  if (stream) {
    request.stream_specification =
        StreamSpecification{.stream_enabled = true, .stream_view_type = *stream};
  }
  return must(database.create_table(request)).table_description.latest_stream_arn.value_or("");
}

double percentile(std::vector<double>& values, double percent) {
  const auto at = static_cast<std::size_t>(static_cast<double>(values.size() - 1) * percent / 100);
  const auto found = values.begin() + static_cast<std::ptrdiff_t>(at);
  std::nth_element(values.begin(), found, values.end());
  return *found;
}

}  // namespace dynakeep::bench

int main(int argc, char** argv) {
  using namespace dynakeep::bench;
  struct Measurement {
    std::string_view name;
    bool is_of_this_process;
    void (*measure)(Bench&);
  };
  constexpr std::array measurements = {
      Measurement{"writes", true, measure_writes}, Measurement{"reading", false, measure_reading},
      Measurement{"delivery", false, measure_delivery}, Measurement{"idle", true, measure_idle},
      Measurement{"sweep", true, measure_sweep}};
  const std::vector<std::string_view> wanted(argv + std::min(argc, 3), argv + argc);
  const bool are_known = std::all_of(wanted.begin(), wanted.end(), [&](std::string_view what) {
    return std::any_of(measurements.begin(), measurements.end(),
                       [what](const Measurement& each) { return each.name == what; });
  });
  Bench bench;
  if (argc >= 3) bench = {.connection = argv[1], .seconds = std::atof(argv[2])};
  if (bench.seconds <= 0 || !are_known) {
    std::cerr << "usage: dynakeep_stream_bench CONNECTION SECONDS "
                 "[writes|reading|delivery|idle|sweep]…\n";
    return 2;
  }
  for (const Measurement& each : measurements) {
    const bool asked =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), each.name) != wanted.end();
    if (asked && (bench.is_embedded() || !each.is_of_this_process)) each.measure(bench);
  }
  const char* before = "{\n";
  for (const auto& [name, figure] : bench.figures) {
    std::cout << before << " \"" << name << "\": " << figure;
    before = ",\n";
  }
  std::cout << "\n}\n";
}
