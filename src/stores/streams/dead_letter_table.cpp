#include <utility>
#include <vector>

#include "dynakeep/pages.h"
#include "dynakeep/stores/stream_checkpoints.h"
#include "dynakeep/stores/stream_dead_letters.h"
#include "stores/streams/dead_letter_replay.h"
#include "stores/support/chance.h"
#include "stores/support/key_words.h"

namespace dynakeep {
namespace {

using streams::Replayed;

constexpr const char* pk = "pk";
constexpr const char* sk = "sk";
constexpr const char* letter_attribute = "letter";
constexpr const char* parts_attribute = "parts";  // the sort keys of the other parts, in order
constexpr const char* part_attribute = "part";
constexpr std::size_t text_bytes_max = std::size_t{300} << 10;  // an item may take 400 KiB

Error told(const Error& error, const std::string& table) {
  if (error.code() != ErrorCode::resource_not_found) return error;
  return Error::resource_not_found("There is no table \"" + table + "\"");
}

std::string partition_of(const StreamDeadLetter& letter) {
  return letter.group + '#' + letter.stream_arn + "#letters";
}
// Numbers of different lengths sort as numbers do.
std::string sort_key_of(const StreamDeadLetter& letter) {
  constexpr std::size_t digits = 40;
  const std::string& number = letter.record.dynamodb.sequence_number;
  const std::size_t zeros = number.size() < digits ? digits - number.size() : 0;
  return std::string(zeros, '0') + number + '#' + letter.shard_id;
}
Key key_of(const std::string& partition, const std::string& sort_key) {
  return Key{{pk, partition}, {sk, sort_key}};
}

// No part ends within a character.
std::vector<std::string> cut(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (text.size() - begin > text_bytes_max) {
    std::size_t end = begin + text_bytes_max;
    while (end > begin && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    parts.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::string hex(std::uint64_t value) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(value >> shift) & 0xF];
  return text;
}

const std::string* text_in(const Item& item, const char* name) {
  const AttributeValue* value = item.find(name);
  return value != nullptr && value->is_string() ? &value->as_string() : nullptr;
}

std::vector<std::string> other_parts_of(const Item& item) {
  std::vector<std::string> parts;
  const AttributeValue* listed = item.find(parts_attribute);
  if (listed == nullptr || !listed->is_list()) return parts;
  for (const AttributeValue& part : listed->as_list()) {
    if (part.is_string()) parts.push_back(part.as_string());
  }
  return parts;
}

class DeadLetterTable final : public StreamDeadLetters {
 public:
  DeadLetterTable(Database& database, std::string table)
      : database_(database), table_(std::move(table)) {}

  // The other parts first, under names of their own: at no moment is there a letter that lacks one,
  // be it the one that this one replaces.
  Result<void> add(const StreamDeadLetter& letter) override {
    const std::string partition = partition_of(letter);
    const std::string sort_key = sort_key_of(letter);
    const std::vector<std::string> texts = cut(to_json(letter));
    Item item{{pk, partition}, {sk, sort_key}, {letter_attribute, texts.front()}};
    if (texts.size() > 1) {
      AttributeList names;
      const std::string prefix = sort_key + '#' + hex(stores::system_random()) + '#';
      for (std::size_t i = 1; i < texts.size(); ++i) {
        const std::string name = prefix + std::to_string(i);
        TRY(put(Item{{pk, partition}, {sk, name}, {part_attribute, texts[i]}}));
        names.emplace_back(name);
      }
      item[parts_attribute] = std::move(names);
    }
    const PutItemResult put = TRY(database_.put_item(
        {.table_name = table_, .item = std::move(item), .return_values = ReturnValues::all_old}));
    if (put.attributes) TRY(remove_parts(partition, other_parts_of(*put.attributes)));
    return {};
  }

  Result<StreamLetterFigures> for_each(
      const std::function<bool(const StreamDeadLetter&)>& visit) override {
    StreamLetterFigures figures;
    TRY(walk([&](const StreamDeadLetter* letter, const Item&) -> Result<bool> {
      ++(letter == nullptr ? figures.damaged : figures.letters);
      return letter == nullptr || visit(*letter);
    }));
    return figures;
  }

  Result<StreamReplayFigures> replay(const StreamHandler& handler,
                                     const StreamReplayOptions& options) override {
    StreamReplayFigures figures;
    TRY(walk([&](const StreamDeadLetter* found, const Item& item) -> Result<bool> {
      figures.was_stopped = options.stop.stop_requested();
      if (figures.was_stopped) return false;
      if (found == nullptr) {
        ++figures.damaged;
        return true;
      }
      if (options.only && !options.only(*found)) return true;
      StreamDeadLetter letter = *found;
      switch (streams::replay(letter, handler, *options.clock)) {
        case Replayed::handled:
          ++figures.handled;
          TRY(remove(item));
          break;
        case Replayed::failed:
          ++figures.failed;
          TRY(add(letter));
          break;
        case Replayed::refused:
          figures.was_stopped = true;
          return false;
      }
      if (options.on_progress) options.on_progress();
      return true;
    }));
    return figures;
  }

 private:
  Result<void> put(Item item) {
    TRY(database_.put_item({.table_name = table_, .item = std::move(item)}));
    return {};
  }

  // With a null pointer for an item that should be a letter and is none.
  Result<void> walk(
      const std::function<Result<bool>(const StreamDeadLetter*, const Item&)>& visit) {
    Result<void> visited;
    const auto walked = for_each_item(
        database_,
        ScanRequest{.table_name = table_,
                    .filter_expression = std::string("attribute_exists(") + letter_attribute + ")",
                    .consistent_read = true},
        [&](Item&& item) {
          auto goes_on = visit_letter(item, visit);
          if (!goes_on) visited = goes_on.error();
          return goes_on && *goes_on;
        });
    TRY(std::move(visited));
    return walked ? Result<void>() : told(walked.error(), table_);
  }

  Result<bool> visit_letter(
      const Item& item,
      const std::function<Result<bool>(const StreamDeadLetter*, const Item&)>& visit) {
    const std::string* first = text_in(item, letter_attribute);
    const std::string* partition = text_in(item, pk);
    const std::string* sort_key = text_in(item, sk);
    if (first == nullptr || partition == nullptr || sort_key == nullptr) {
      return visit(nullptr, item);
    }
    std::string text = *first;
    if (const auto names = other_parts_of(item); !names.empty()) {
      std::vector<Key> keys;
      keys.reserve(names.size());
      for (const std::string& name : names) keys.push_back(key_of(*partition, name));
      const auto parts = TRY(get_items(database_, table_, keys, {.consistent_read = true}));
      for (const auto& part : parts) {
        const std::string* more = part ? text_in(*part, part_attribute) : nullptr;
        if (more != nullptr) text += *more;
      }
    }
    const auto letter = dead_letter_from_json(text);
    return visit(letter ? &*letter : nullptr, item);
  }

  // The letter first: what a crash leaves of it then is no letter any more.
  Result<void> remove(const Item& item) {
    const std::string& partition = item.at(pk).as_string();
    TRY(database_.delete_item(
        {.table_name = table_, .key = key_of(partition, item.at(sk).as_string())}));
    return remove_parts(partition, other_parts_of(item));
  }

  Result<void> remove_parts(const std::string& partition, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      TRY(database_.delete_item({.table_name = table_, .key = key_of(partition, name)}));
    }
    return {};
  }

  Database& database_;
  const std::string table_;
};

}  // namespace

Result<std::unique_ptr<StreamDeadLetters>> open_stream_dead_letter_table(
    Database& database, StreamDeadLetterTableOptions options) {
  const CreateTableRequest wanted = stream_table_definition(options.table_name);
  auto described = database.describe_table({.table_name = options.table_name});
  const bool is_missing = !described && described.error().code() == ErrorCode::resource_not_found;
  if (!described && !(is_missing && options.create_if_missing)) {
    return told(described.error(), options.table_name);
  }
  const TableDescription table =
      is_missing ? TRY(create_table_and_wait(database, wanted)) : std::move(described->table);
  const std::string found = stores::words_of(table.key_schema, table.attribute_definitions);
  const std::string needed = stores::words_of(*wanted.key_schema, *wanted.attribute_definitions);
  if (found != needed) {
    return Error(ErrorCode::invalid_argument,
                 "Table " + options.table_name + " has the key " + found + "; needed is " + needed);
  }
  return std::unique_ptr<StreamDeadLetters>(
      std::make_unique<DeadLetterTable>(database, options.table_name));
}

}  // namespace dynakeep
