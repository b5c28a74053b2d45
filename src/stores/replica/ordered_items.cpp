#include "stores/replica/ordered_items.h"

#include <algorithm>
#include <iterator>

namespace dynakeep::replicas {
namespace {

constexpr std::size_t piece_rows_max = 512;

}  // namespace

OrderedItems::Place OrderedItems::place(const Pieces& pieces, std::string_view key) {
  const auto piece = std::lower_bound(
      pieces.begin(), pieces.end(), key,
      [](const auto& each, std::string_view k) { return each->rows.back()->key < k; });
  const auto index = static_cast<std::size_t>(piece - pieces.begin());
  if (piece == pieces.end()) return {.piece = index};
  const auto& rows = (*piece)->rows;
  const auto row =
      std::lower_bound(rows.begin(), rows.end(), key,
                       [](const RowPointer& each, std::string_view k) { return each->key < k; });
  return {.piece = index, .row = static_cast<std::size_t>(row - rows.begin())};
}

// The rows of a piece, to be changed. A piece from before the last view may be that view's too: it
// is copied first, once.
std::vector<RowPointer>& OrderedItems::own(std::size_t piece) {
  auto& each = pieces_[piece];
  if (each->epoch != epoch_) {
    each = std::make_shared<Piece>(*each);
    each->epoch = epoch_;
  }
  return each->rows;
}

RowPointer OrderedItems::find(std::string_view key) const {
  const auto [piece, row] = place(pieces_, key);
  if (piece == pieces_.size()) return nullptr;
  const RowPointer& found = pieces_[piece]->rows[row];
  return found->key == key ? found : nullptr;
}

RowPointer OrderedItems::put(RowPointer row) {
  if (pieces_.empty()) {
    pieces_.push_back(std::make_shared<Piece>(Piece{.epoch = epoch_}));
    pieces_.back()->rows.push_back(std::move(row));
    ++size_;
    return nullptr;
  }
  auto [piece, index] = place(pieces_, row->key);
  if (piece == pieces_.size()) {
    --piece;
    index = pieces_[piece]->rows.size();
  }
  auto& rows = own(piece);
  if (index < rows.size() && rows[index]->key == row->key) return std::exchange(rows[index], row);
  rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(index), std::move(row));
  ++size_;
  if (rows.size() > piece_rows_max) {
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
    auto upper = std::make_shared<Piece>(Piece{.epoch = epoch_});
    upper->rows.assign(std::make_move_iterator(middle), std::make_move_iterator(rows.end()));
    rows.erase(middle, rows.end());
    pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(piece) + 1, std::move(upper));
  }
  return nullptr;
}

RowPointer OrderedItems::erase(std::string_view key) {
  const auto [piece, index] = place(pieces_, key);
  if (piece == pieces_.size() || pieces_[piece]->rows[index]->key != key) return nullptr;
  auto& rows = own(piece);
  RowPointer erased = std::move(rows[index]);
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(index));
  if (rows.empty()) pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(piece));
  --size_;
  return erased;
}

}  // namespace dynakeep::replicas
