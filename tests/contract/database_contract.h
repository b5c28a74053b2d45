#pragma once

#include <functional>
#include <set>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "contract/kinds.h"
#include "dynakeep/database.h"

namespace dynakeep::contract {

// What fails a case from within a value: GoogleTest reports it.
class Unexpected : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(const std::string& what, const std::source_location& where);
std::string words(const Error& error);

// The value of a call that must succeed.
template <typename T>
T must(Result<T> result, const std::source_location& where = std::source_location::current()) {
  if (!result) fail("must succeed: " + words(result.error()), where);
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

// The error of a call that must be refused with that code, and so certainly was not carried out.
template <typename T>
Error refused(const Result<T>& result, ErrorCode code,
              const std::source_location& where = std::source_location::current()) {
  const std::string wanted(exception_name(code));
  if (result) fail("must be refused with " + wanted + ", but succeeds", where);
  if (result.error().code() != code) {
    fail("must be refused with " + wanted + ": " + words(result.error()), where);
  }
  if (result.error().outcome_unknown()) fail("is refused, yet its outcome unknown", where);
  return result.error();
}

// One case of the contract on one kind of Database. Tables get names that nobody else uses, and are
// removed when the case is over.
class DatabaseContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Database& database() const { return *opened_.database; }
  const Capabilities& capabilities() const { return database().capabilities(); }

  // A name that no table has; it is removed in the end if there is one by then.
  std::string unused_name();
  // Makes the table under a name of its own, and waits until it and its indexes are active.
  std::string create(CreateTableRequest request);
  void wait_until_active(const std::string& table);

  // artist S, title S.
  std::string create_songs();
  // id S.
  std::string create_plain();

  void put(const std::string& table, Item item);
  std::optional<Item> get(const std::string& table, Key key);

  // Removes the tables and closes the database.
  void close();

 private:
  support::OwnedDatabase opened_;
  std::vector<std::string> names_;
};

// What a table of one or two keys is asked for by; types say which: "S", "SN".
CreateTableRequest table_of(const std::string& partition,
                            ScalarType partition_type = ScalarType::string);
CreateTableRequest table_of(const std::string& partition, ScalarType partition_type,
                            const std::string& sort, ScalarType sort_type);
KeySchema key_schema(const std::string& partition, const std::string& sort = {});

// "0007": numbers as texts whose order is theirs.
std::string padded(int number);

// For what an engine may take its time for, such as tables and indexes; fails after two minutes.
void wait_until(const std::function<bool()>& holds,
                const std::source_location& where = std::source_location::current());

// Calls `work` with 0 to `count` - 1, each on a thread of its own, all at once; what one throws is
// thrown here.
void on_threads(int count, const std::function<void(int)>& work);

std::string kind_name(const testing::TestParamInfo<Kind>& kind);

}  // namespace dynakeep::contract

// Behind the cases of a file: runs them on every kind of Database.
#define ON_EVERY_KIND(suite) \
  INSTANTIATE_TEST_SUITE_P(Contract, suite, testing::ValuesIn(kinds()), kind_name)
