#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/item.h"

namespace dynakeep::replicas {

// An item of a copy. Never changed once it is in one.
struct Row {
  std::string key = {};  // TableKeys::text_of
  Item item = {};
  // It was read when the table stood there; null: nothing is known.
  std::shared_ptr<const std::string> position = {};
};
using RowPointer = std::shared_ptr<const Row>;

// Rows in order of their keys, of which a view of one moment costs next to nothing: they lie in
// pieces of some hundred, which view and original share until the original changes them.
//
// Not thread-safe; a view may be read by any thread, whatever is done to the original.
class OrderedItems {
  struct Piece {
    std::uint64_t epoch = 0;  // of the original when it was made
    std::vector<RowPointer> rows = {};
  };
  using Pieces = std::vector<std::shared_ptr<Piece>>;

 public:
  class View {
   public:
    View() = default;

    std::size_t size() const { return size_; }
    // Calls with each row from that key on, until it is answered false. How many were visited.
    template <typename Visit>
    std::size_t from(std::string_view key, const Visit& visit) const {
      std::size_t visited = 0;
      for (auto [piece, row] = place(pieces_, key); piece < pieces_.size(); ++piece, row = 0) {
        const auto& rows = pieces_[piece]->rows;
        for (; row < rows.size(); ++row) {
          ++visited;
          if (!visit(*rows[row])) return visited;
        }
      }
      return visited;
    }

   private:
    friend class OrderedItems;
    View(Pieces pieces, std::size_t size) : pieces_(std::move(pieces)), size_(size) {}

    Pieces pieces_;
    std::size_t size_ = 0;
  };

  std::size_t size() const { return size_; }
  View view() {
    ++epoch_;
    return {pieces_, size_};
  }

  // Null: there is none.
  RowPointer find(std::string_view key) const;
  // In place of any of its key, which is returned.
  RowPointer put(RowPointer row);
  RowPointer erase(std::string_view key);

 private:
  struct Place {
    std::size_t piece = 0;
    std::size_t row = 0;
  };
  // Of the first row that is not before the key; behind the last piece if there is none.
  static Place place(const Pieces& pieces, std::string_view key);
  std::vector<RowPointer>& own(std::size_t piece);

  Pieces pieces_;  // none of them empty
  std::size_t size_ = 0;
  std::uint64_t epoch_ = 0;
};

}  // namespace dynakeep::replicas
