#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "storage/key_codec.h"
#include "storage/layout.h"

namespace dynakeep::storage {

// Walks a KeyRange in order of the keys, from its begin up or from its end down, at one moment:
// what is committed after it was made is not seen. Made by ReadView::cursor or
// KeyValueStore::cursor, and stands on its first key at once:
//
//   auto cursor = view.cursor(Family::data, range, Direction::forward);
//   for (; cursor.valid(); cursor.next()) use(cursor.key(), cursor.value());
//   TRY(cursor.result());
//
// Independent of the view it came from; the store must outlive it. Not thread-safe. While it lives
// it keeps files and memory that would otherwise be given back: for the length of a request.
class Cursor {
 public:
  ~Cursor();
  Cursor(Cursor&& other) noexcept;
  Cursor& operator=(Cursor&& other) noexcept;

  // Whether it stands on a key. False past the last one, and after a failure: ask result().
  bool valid() const { return valid_; }

  // Of the key that it stands on, until next(). Only while valid().
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

  // To the neighbour in its direction. Only while valid().
  void next();

  // Once no longer valid(): whether the range was walked to its end, or reading failed.
  Result<void> result() const;

 private:
  friend class ReadView;
  friend class KeyValueStore;
  struct Impl;
  explicit Cursor(std::unique_ptr<Impl> impl);
  void refresh();

  std::unique_ptr<Impl> impl_;
  std::string_view key_;
  std::string_view value_;
  bool valid_ = false;
};

// The store at one moment: everything read through it saw the same commits. Made by
// KeyValueStore::view(), which must outlive it. Reading is thread-safe.
class ReadView {
 public:
  ~ReadView();
  ReadView(ReadView&& other) noexcept;
  ReadView& operator=(ReadView&& other) noexcept;

  // Whether there is such a key; if so `value` becomes its value (its memory is reused), otherwise
  // `value` is left in an unspecified state.
  Result<bool> get(Family family, std::string_view key, std::string& value) const;

  Cursor cursor(Family family, KeyRange range, Direction direction = Direction::forward) const;

 private:
  friend class KeyValueStore;
  struct Impl;
  explicit ReadView(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace dynakeep::storage
