#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "dynakeep/stores/user_data.h"
#include "stores/support/patience.h"
#include "stores/user_data/loaded.h"

namespace dynakeep::user_data {

class TableUserData final : public UserDataStore {
 public:
  TableUserData(Database& database, UserDataOptions options);

  const UserDataOptions& options() const override { return options_; }
  CreateTableRequest table_definition() const override;
  Result<void> ensure_table() override;

  Result<UserTurn> load(std::string_view user_id, const UserSession& platform,
                        const UserSessionOptions* session) override;
  Result<SaveReport> save(UserTurn& turn, std::optional<SaveMode> mode) override;
  Result<UserTurn> update(std::string_view user_id,
                          const std::function<Result<void>(UserTurn&)>& change,
                          const UserSessionOptions* session) override;

  Result<bool> erase(std::string_view user_id,
                     std::optional<std::string_view> if_updated_at) override;
  Result<std::optional<StoredUser>> stored(std::string_view user_id) override;
  Result<std::size_t> for_each_user(const std::function<bool(StoredUser&&)>& visit) override;
  UserSize size_of(const StoredUser& stored) const override;

 private:
  // A save under way.
  struct Saving {
    const UserTurn& turn;
    const LoadedUser& loaded;
    SaveMode mode = SaveMode::merge;
    bool keeps_unknown = true;
    std::optional<AttributeMap> entry = {};
    SaveReport report = {};
    // What may have been stored although no answer came.
    std::vector<Item> unanswered = {};
    bool is_merged = false;
  };
  enum class Put : std::uint8_t { stored, refused };
  struct Answer {
    Put put = Put::stored;
    std::optional<Item> item = {};  // what stands there
  };

  Time now() const;
  Result<std::string> key_of(std::string_view user_id) const;
  Result<void> table_if_checked();
  Result<TableDescription> described_when_active(TableDescription table);
  Result<void> check_key(const TableDescription& table) const;

  Result<std::optional<Item>> read_item(const std::string& key);
  Result<void> fill(UserTurn& turn, LoadedUser& loaded, const UserSession& platform, Time now);

  Result<std::optional<AttributeMap>> entry_of(const UserTurn& turn) const;
  bool writes(const Saving& saving, std::string_view element) const;
  Result<void> check_values(const Saving& saving, const Item& item) const;
  void convert_empty_values(const Saving& saving, Item& item) const;
  bool is_unchanged(const Saving& saving, const std::string& key) const;
  Item stamped(Item item, const Item* over) const;
  Result<Item> fitted(Item item, SaveReport& report);
  Result<Item> store_item(Saving& saving, const std::string& key);
  Result<Item> merged_with(Saving& saving, const std::string& key,
                           const std::optional<Item>& theirs) const;
  Result<Answer> put(Saving& saving, Item made, const Item* over);
  Error conflict(const std::optional<Item>& stored) const;
  // `is_as_left`: its user data is that of the turn.
  void take(UserTurn& turn, const LoadedUser& loaded, Item stored, bool is_as_left) const;
  void warn_of_size(const std::string& user_id, std::size_t bytes);

  Database& database_;
  const UserDataOptions options_;
  const stores::Patience patience_;
  std::function<void(std::chrono::milliseconds)> wait_;

  std::atomic<bool> table_is_ready_ = false;
  std::mutex table_mutex_;  // held by the one who asks about the table

  std::mutex warned_mutex_;
  std::unordered_set<std::string> warned_of_;  // users, under warned_mutex_
};

}  // namespace dynakeep::user_data
