#include "streams/simulated_stream.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <utility>

namespace dynakeep::streams {
namespace {

using std::chrono::milliseconds;

std::int64_t to_milliseconds(Time time) {
  return std::chrono::floor<milliseconds>(time).time_since_epoch().count();
}

std::uint32_t hash_of(const std::string& key) {
  std::uint32_t hash = 2166136261;  // FNV-1a: the same on every machine
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  return hash * 2654435761;
}

}  // namespace

SimulatedStream::SimulatedStream(const Clock& clock, std::uint64_t seed, ShardIds ids)
    : clock_(clock), ids_(ids), random_(seed) {
  shards_.reserve(4096);  // references to them stay good
  add_shard(std::nullopt, 0, std::uint64_t{1} << 32);
}

bool SimulatedStream::happens(double probability) {
  return probability > 0 && std::uniform_real_distribution<>(0, 1)(random_) < probability;
}

std::optional<Error> SimulatedStream::fault(std::string_view operation) {
  ++calls;
  if (faults.fails) {
    if (auto error = faults.fails(operation)) return error;
  }
  if (happens(faults.throttled)) return Error(ErrorCode::throttling, "Rate exceeded");
  if (!happens(faults.errors)) return std::nullopt;
  switch (random_() % 4) {
    case 0:
      return Error(ErrorCode::limit_exceeded, "Too many readers");
    case 1:
      return Error(ErrorCode::throttling, "Rate exceeded");
    case 2:
      return Error(ErrorCode::unavailable, "Nobody there");
    default:
      return Error::internal("A fault");
  }
}

std::string SimulatedStream::number_text(std::uint64_t number) const {
  std::string digits = std::to_string(number);
  return std::string(21 - digits.size(), '0') + digits;
}

std::string SimulatedStream::iterator_text(const Shard& shard, std::size_t index) const {
  return shard.id + "|" + std::to_string(index) + "|" +
         std::to_string(to_milliseconds(clock_.now()));
}

void SimulatedStream::add_shard(std::optional<std::string> parent, std::uint32_t from,
                                std::uint64_t until) {
  char id[48];
  const auto count = static_cast<unsigned>(shards_.size());
  if (ids_ == ShardIds::usual) {
    std::snprintf(id, sizeof id, "shardId-%020lld-%08x",
                  static_cast<long long>(to_milliseconds(clock_.now())), count);
  } else {
    std::snprintf(id, sizeof id, "H19a000000000000000000000000:%08x", ~count);
  }
  shards_.push_back({.id = id,
                     .parent = std::move(parent),
                     .from = from,
                     .until = until,
                     .born = clock_.now(),
                     .first_number = ++number_,
                     .newest_number = number_});
}

SimulatedStream::Shard& SimulatedStream::taking(const std::string& key) {
  const std::uint32_t hash = hash_of(key);
  for (Shard& shard : shards_) {
    if (!shard.closed && hash >= shard.from && hash < shard.until) return shard;
  }
  std::abort();  // every hash has an open shard
}

// It ends with its last record; without one, where it began.
void SimulatedStream::close(Shard& shard) {
  shard.closed = clock_.now();
  shard.last_number = shard.newest_number;
}

void SimulatedStream::replace(Shard& shard, bool in_two) {
  close(shard);
  const std::uint64_t middle = (shard.from + shard.until) / 2;
  add_shard(shard.id, shard.from, in_two ? middle : shard.until);
  if (in_two) add_shard(shard.id, static_cast<std::uint32_t>(middle), shard.until);
}

void SimulatedStream::roll(const std::string& key) { replace(taking(key), false); }
void SimulatedStream::split(const std::string& key) { replace(taking(key), true); }
void SimulatedStream::roll_all() { replace_all(false); }
void SimulatedStream::split_all() { replace_all(true); }
void SimulatedStream::replace_all(bool in_two) {
  const std::size_t count = shards_.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!shards_[i].closed) replace(shards_[i], in_two);
  }
}

void SimulatedStream::disable() {
  enabled_ = false;
  for (Shard& shard : shards_) {
    if (!shard.closed) close(shard);
  }
}

void SimulatedStream::trim(Time before) {
  for (Shard& shard : shards_) {
    while (shard.trimmed < shard.records.size() &&
           *shard.records[shard.trimmed].dynamodb.approximate_creation_date_time < before) {
      ++shard.trimmed;
    }
  }
  std::erase_if(shards_,
                [&](const Shard& shard) { return shard.closed && *shard.closed < before; });
}

void SimulatedStream::record(const std::string& key, const char* event, std::optional<Item> before,
                             std::optional<Item> after) {
  Shard& shard = taking(key);
  const std::uint64_t number = shard.newest_number = ++number_;
  shard.records.push_back({.event_id = std::to_string(number),
                           .event_name = event,
                           .event_version = "1.1",
                           .event_source = "aws:dynamodb",
                           .aws_region = "eu-central-1",
                           .dynamodb = {.approximate_creation_date_time = Time(
                                            std::chrono::floor<std::chrono::seconds>(clock_.now())),
                                        .keys = Item{{"k", key}},
                                        .new_image = std::move(after),
                                        .old_image = std::move(before),
                                        .sequence_number = number_text(number),
                                        .size_bytes = 10}});
}

std::int64_t SimulatedStream::write(const std::string& key) {
  const std::int64_t version = ++versions_[key];
  const Item after{{"k", key}, {"n", version}};
  const auto found = items_.find(key);
  record(key, found == items_.end() ? "INSERT" : "MODIFY",
         found == items_.end() ? std::nullopt : std::optional(found->second), after);
  items_.insert_or_assign(key, after);
  return version;
}

void SimulatedStream::remove(const std::string& key) {
  record(key, "REMOVE", items_.at(key), std::nullopt);
  items_.erase(key);
}

std::size_t SimulatedStream::open_shards() const {
  return static_cast<std::size_t>(std::count_if(shards_.begin(), shards_.end(),
                                                [](const Shard& shard) { return !shard.closed; }));
}

std::vector<std::string> SimulatedStream::shard_ids() const {
  std::vector<std::string> ids;
  for (const Shard& shard : shards_) ids.push_back(shard.id);
  return ids;
}

SimulatedStream::Shard* SimulatedStream::find(const std::string& id) {
  for (Shard& shard : shards_) {
    if (shard.id == id) return &shard;
  }
  return nullptr;
}

Result<DescribeStreamResult> SimulatedStream::describe_stream(
    const DescribeStreamRequest& request) {
  if (auto error = fault("DescribeStream")) return *error;
  if (request.stream_arn != arn) return Error::resource_not_found("No such stream");
  if (request.shard_filter && faults.refuses_filter) {
    return Error::validation("Unknown parameter: ShardFilter");
  }
  DescribeStreamResult result;
  StreamDescription& description = result.stream_description;
  description.stream_arn = arn;
  description.table_name = "Songs";
  description.stream_status = enabled_ ? StreamStatus::enabled : StreamStatus::disabled;
  const bool is_late = happens(faults.late_listing);
  std::vector<const Shard*> in_order;
  for (const Shard& shard : shards_) in_order.push_back(&shard);
  std::sort(in_order.begin(), in_order.end(),
            [](const Shard* left, const Shard* right) { return left->id < right->id; });
  for (const Shard* each : in_order) {
    const Shard& shard = *each;
    const bool is_new = shard.parent && clock_.now() - shard.born < faults.children_hidden;
    if (faults.unlisted.contains(shard.id)) continue;
    if (is_new || (is_late && shard.parent && &shard == &shards_.back())) continue;
    if (request.shard_filter && !faults.ignores_filter &&
        shard.parent != request.shard_filter->shard_id) {
      continue;
    }
    if (request.exclusive_start_shard_id && shard.id <= *request.exclusive_start_shard_id) continue;
    if (description.shards.size() == static_cast<std::size_t>(faults.shards_in_page)) {
      description.last_evaluated_shard_id = description.shards.back().shard_id;
      break;
    }
    StreamShard listed{.shard_id = shard.id, .parent_shard_id = shard.parent};
    listed.sequence_number_range.starting_sequence_number = number_text(shard.first_number);
    if (shard.last_number && !faults.shown_open.contains(shard.id)) {
      listed.sequence_number_range.ending_sequence_number = number_text(*shard.last_number);
    }
    description.shards.push_back(std::move(listed));
  }
  return result;
}

Result<GetShardIteratorResult> SimulatedStream::get_shard_iterator(
    const GetShardIteratorRequest& request) {
  if (auto error = fault("GetShardIterator")) return *error;
  iterators_asked.push_back(*request.shard_iterator_type);
  Shard* shard = find(*request.shard_id);
  if (shard == nullptr) return Error::resource_not_found("No such shard");
  std::size_t index = shard->trimmed;
  switch (*request.shard_iterator_type) {
    case ShardIteratorType::trim_horizon:
      break;
    case ShardIteratorType::latest:
      index = shard->records.size();
      break;
    case ShardIteratorType::at_sequence_number:
    case ShardIteratorType::after_sequence_number: {
      const bool after = *request.shard_iterator_type == ShardIteratorType::after_sequence_number;
      const std::string& number = *request.sequence_number;
      if (number < number_text(shard->first_number) ||
          number > number_text(shard->last_number.value_or(number_))) {
        return Error::validation("Invalid SequenceNumber for the shard");
      }
      const auto found = std::find_if(shard->records.begin(), shard->records.end(),
                                      [&](const ChangeRecord& record) {
                                        const std::string& other = record.dynamodb.sequence_number;
                                        return after ? other > number : other >= number;
                                      });
      index = static_cast<std::size_t>(found - shard->records.begin());
      // A number is refused as soon as its own record is gone.
      if (index < shard->trimmed + (after && shard->trimmed > 0 ? 1 : 0)) {
        return Error(ErrorCode::trimmed_data_access, "Trimmed");
      }
      break;
    }
  }
  if (faults.no_iterator_at_an_end && shard->closed && index >= shard->records.size()) {
    return GetShardIteratorResult{};
  }
  return GetShardIteratorResult{.shard_iterator = iterator_text(*shard, index)};
}

Result<GetRecordsResult> SimulatedStream::get_records(const GetRecordsRequest& request) {
  if (auto error = fault("GetRecords")) return *error;
  const std::string& iterator = *request.shard_iterator;
  const std::size_t first = iterator.find('|');
  const std::size_t second = iterator.find('|', first + 1);
  if (second == std::string::npos) return Error::validation("Invalid ShardIterator");
  Shard* shard = find(iterator.substr(0, first));
  if (shard == nullptr) return Error::resource_not_found("No such shard");
  std::size_t index = std::stoul(iterator.substr(first + 1, second - first - 1));
  const Time issued{milliseconds(std::stoll(iterator.substr(second + 1)))};
  if (clock_.now() - issued > std::chrono::minutes(15) || happens(faults.expired)) {
    return Error(ErrorCode::expired_iterator, "Expired");
  }
  if (index < shard->trimmed) return Error(ErrorCode::trimmed_data_access, "Trimmed");

  GetRecordsResult result;
  constexpr int empty_pages_max = 4;
  if (index < shard->records.size() && (shard->closed || shard->empty_pages < empty_pages_max) &&
      happens(faults.empty_pages)) {
    ++shard->empty_pages;
    result.next_shard_iterator = iterator_text(*shard, index);
    return result;
  }
  shard->empty_pages = 0;
  if (index > shard->trimmed && index < shard->records.size() && happens(faults.duplicates)) {
    --index;
  }
  const auto limit =
      static_cast<std::size_t>(std::min(request.limit.value_or(1000), faults.records_in_page));
  while (index < shard->records.size() && result.records.size() < limit) {
    result.records.push_back(shard->records[index++]);
  }
  if (faults.disorder && result.records.size() > 1) {
    std::swap(result.records[0], result.records[1]);
  }
  if (!shard->closed || index < shard->records.size()) {
    result.next_shard_iterator = iterator_text(*shard, index);
  }
  return result;
}

}  // namespace dynakeep::streams
