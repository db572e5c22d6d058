#include "hesscape/sparse/star_colouring.hpp"

#include <cstddef>
#include <vector>

namespace hesscape {
namespace {

constexpr int unknown = -1;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class StarColouring {
 public:
  explicit StarColouring(const SparsePattern& pattern)
      : pattern_(pattern),
        colour_(Eigen::VectorXi::Constant(pattern.size(), unknown)),
        treated_(Eigen::VectorXi::Constant(pattern.size(), unknown)),
        star_(Eigen::VectorXi::Constant(pattern.entries(), unknown)) {}

  void colour(int v) {
    forbid_colours(v);
    int c = 0;
    while (at(c) < forbidden_.size() && forbidden_[at(c)] == v) ++c;
    reserve(c);
    colour_[v] = c;
    add_to_stars(v);
  }
  const Eigen::VectorXi& colours() const { return colour_; }

 private:
  struct Neighbour {
    int of = unknown;  // the vertex that was coloured when it was entered
    int vertex = unknown;
    int edge = unknown;
  };

  // Calls visit(w, where the entry (w, v) is stored) for the neighbours that have a colour.
  template <typename Visit>
  void visit_coloured(int v, const Visit& visit) const {
    int entry = pattern_.first(v);
    for (const int w : pattern_.column(v)) {
      if (w != v && colour_[w] != unknown) {
        visit(w, entry);
      }
      ++entry;
    }
  }

  void reserve(int c) {
    if (at(c) >= forbidden_.size()) {
      forbidden_.resize(at(c) + 1, unknown);
      first_.resize(at(c) + 1);
    }
  }

  void forbid_colours(int v) {
    visit_coloured(v, [&](int w, int) { forbidden_[at(colour_[w])] = v; });
    visit_coloured(v, [&](int w, int edge) {
      Neighbour& first = first_[at(colour_[w])];
      if (first.of == v) {  // v would be the hub of both: their neighbours' colours close a path
        if (treated_[first.vertex] != v) {
          forbid_beyond(v, first.vertex);
        }
        forbid_beyond(v, w);
        return;
      }
      first = {v, w, edge};
      visit_coloured(w, [&](int x, int beyond) {
        if (x != v && hub_[at(star_[beyond])] == x) {
          forbidden_[at(colour_[x])] = v;
        }
      });
    });
  }

  void forbid_beyond(int v, int w) {
    visit_coloured(w, [&](int x, int) {
      if (x != v) {
        forbidden_[at(colour_[x])] = v;
      }
    });
    treated_[w] = v;
  }

  // Each edge of v to a coloured neighbour joins a star of these two colours, or begins one.
  void add_to_stars(int v) {
    visit_coloured(v, [&](int w, int edge) {
      int joined = unknown;
      visit_coloured(w, [&](int x, int beyond) {
        if (x != v && colour_[x] == colour_[v]) {
          joined = star_[beyond];
        }
      });
      const Neighbour& first = first_[at(colour_[w])];
      if (joined != unknown) {
        hub_[at(joined)] = w;
      } else if (first.of == v && first.vertex != w) {
        joined = star_[first.edge];
        hub_[at(joined)] = v;
      } else {
        joined = static_cast<int>(hub_.size());
        hub_.push_back(unknown);
      }
      star_[edge] = star_[pattern_.mirror()[edge]] = joined;
    });
  }

  const SparsePattern& pattern_;
  Eigen::VectorXi colour_;
  Eigen::VectorXi treated_;     // the last vertex that forbade the colours beyond this one
  Eigen::VectorXi star_;        // of each entry of the pattern
  std::vector<int> hub_;        // of each star with two edges or more
  std::vector<int> forbidden_;  // of each colour: the last vertex that may not have it
  std::vector<Neighbour> first_;
};

}  // namespace

Eigen::VectorXi star_colouring(const SparsePattern& pattern) {
  StarColouring colouring(pattern);
  for (int v = 0; v < pattern.size(); ++v) {
    colouring.colour(v);
  }
  return colouring.colours();
}

}  // namespace hesscape
