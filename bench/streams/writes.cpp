#include <random>
#include <vector>

#include "bench_tables.h"

namespace dynakeep::bench {
namespace {

constexpr int items = 10'000;
constexpr int writes_at_once = 5'000;
constexpr const char* table = "Songs";

// A database whose table has a stream, or none.
class Written {
 public:
  Written(const Bench& bench, std::optional<StreamViewType> stream) : database_(bench.open()) {
    make_table(*database_, table, stream);
    for (int i = 0; i < items; ++i) must(put(i));
    come_to_rest();
  }

  void measure_puts() {
    put_cpu_ += cpu_of([this] { must(put(any_item())); });
  }
  void measure_updates() {
    update_cpu_ += cpu_of([this] {
      must(database_->update_item({.table_name = table,
                                   .key = Key{{"name", name_of(any_item())}},
                                   .update_expression = "SET plays = plays + :one",
                                   .expression_attribute_values = Item{{":one", 1}}}));
    });
    ++rounds_;
  }
  double put_us() const { return put_cpu_ / rounds_ / writes_at_once * 1e6; }
  double update_us() const { return update_cpu_ / rounds_ / writes_at_once * 1e6; }

 private:
  // With what the engine does of it later, such as compactions.
  template <typename Write>
  static double cpu_of(const Write& write) {
    const double before = cpu_seconds();
    for (int i = 0; i < writes_at_once; ++i) write();
    come_to_rest();
    return cpu_seconds() - before;
  }
  Result<PutItemResult> put(int number) {
    return database_->put_item({.table_name = table, .item = song(number, ++turn_)});
  }
  int any_item() { return static_cast<int>(chance_() % items); }

  std::unique_ptr<Database> database_;
  std::mt19937 chance_{7};
  std::int64_t turn_ = 0;
  double put_cpu_ = 0;
  double update_cpu_ = 0;
  int rounds_ = 0;
};

}  // namespace

// By turns, so that whatever else the machine does meets both.
void measure_writes(Bench& bench) {
  Written without(bench, {});
  Written with(bench, StreamViewType::new_and_old_images);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(bench.seconds);
  do {
    for (Written* each : {&without, &with}) each->measure_puts();
    for (Written* each : {&without, &with}) each->measure_updates();
  } while (std::chrono::steady_clock::now() < end);
  bench.figures["put, CPU us"] = without.put_us();
  bench.figures["put with a stream, CPU us"] = with.put_us();
  bench.figures["put with a stream / without"] = with.put_us() / without.put_us();
  bench.figures["update, CPU us"] = without.update_us();
  bench.figures["update with a stream, CPU us"] = with.update_us();
  bench.figures["update with a stream / without"] = with.update_us() / without.update_us();
}

}  // namespace dynakeep::bench
