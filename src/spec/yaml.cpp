#include "spec/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "spec/utf8.hpp"

namespace coppice {

namespace {

constexpr std::size_t kMostNodes = 100'000;  // aliases of aliases grow without bound
constexpr const char* kStandardTag = "tag:yaml.org,2002:";

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

/// The marks of yaml-cpp (from 0, bytes) as places (from 1, characters).
class Places {
 public:
  /// `whole` is false for a --set argument: then every place is the argument itself.
  Places(const std::string& text, std::string source, bool whole)
      : source_(std::move(source)), whole_(whole) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines_.push_back(line);
  }

  Place at(const YAML::Mark& mark) const {
    if (!whole_) return {source_, 0, 0};
    if (mark.is_null()) return {source_, 1, 1};
    const auto line = static_cast<std::size_t>(mark.line);
    auto column = static_cast<std::size_t>(mark.column);
    if (line < lines_.size() && column <= lines_[line].size()) {
      column = count_characters(std::string_view(lines_[line]).substr(0, column));
    }
    return {source_, mark.line + 1, static_cast<int>(column) + 1};
  }

  /// Whether the document that begins here was meant as one, with --- or after the ... of another.
  bool starts_document(const YAML::Mark& mark) const {
    const auto line = static_cast<std::size_t>(mark.line);
    if (mark.is_null() || line >= lines_.size() || lines_[line].starts_with("---")) return true;
    return std::any_of(lines_.begin(), lines_.begin() + mark.line,
                       [](const std::string& above) { return above.starts_with("..."); });
  }

  bool starts_line(const YAML::Mark& mark) const {
    const auto line = static_cast<std::size_t>(mark.line);
    if (mark.is_null() || line >= lines_.size()) return false;
    return lines_[line].find_first_not_of(' ') == static_cast<std::size_t>(mark.column);
  }

  bool indented_by_tab(const YAML::Mark& mark) const {
    const auto line = static_cast<std::size_t>(mark.line);
    if (mark.is_null() || line >= lines_.size()) return false;
    return lines_[line].substr(0, lines_[line].find_first_not_of(" \t")).find('\t') != std::string::npos;
  }

 private:
  std::string source_;
  bool whole_;
  std::vector<std::string> lines_;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const Places& places) : places_(places) {}

  Node take() { return std::move(root_); }
  /// Where the last thing stands that was read.
  Place last() const { return last_ ? *last_ : places_.at(YAML::Mark::null_mark()); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (document_) {
      throw SpecError(places_.at(mark), places_.starts_document(mark)
                                            ? "a second document; a study file holds one, without ---"
                                            : "not valid YAML: stands apart from what is above; begin all "
                                              "top-level keys in the same column");
    }
    document_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    complete(leaf(NodeKind::kNull, {}, false, places_.at(mark)), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw SpecError(places_.at(mark), "this alias stands within what it refers to");
    count(count_nodes(found->second), places_.at(mark));
    add(Node(found->second));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool is_text = check_tag(tag, mark);
    complete(leaf(NodeKind::kScalar, text, is_text, places_.at(mark)), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(NodeKind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(NodeKind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override {
    resolve_merges(frames_.back());
    close();
  }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Entry> pending;  ///< a key that waits for its value
    bool pending_merge = false;
    std::vector<Node> merges;
  };

  /// Whether the tag makes a scalar text: quotes ("!") or !!str.
  bool check_tag(const std::string& tag, const YAML::Mark& mark) const {
    if (tag.empty() || tag == "?") return false;
    if (tag == "!" || tag == std::string(kStandardTag) + "str") return true;
    for (const char* known : {"int", "float", "bool", "seq", "map"}) {
      if (tag == std::string(kStandardTag) + known) return false;
    }
    throw SpecError(places_.at(mark), "the tag " + tag + " means nothing here; drop it");
  }

  void count(std::size_t nodes, const Place& place) {
    nodes_ += nodes;
    if (nodes_ > kMostNodes) throw SpecError(place, "more than 100000 values; is this a study file?");
  }

  void open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, mark);
    Frame frame;
    frame.node.kind = kind;
    frame.node.place = places_.at(mark);
    frame.anchor = anchor;
    last_ = frame.node.place;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    complete(std::move(frame.node), frame.anchor);
  }

  static Node leaf(NodeKind kind, const std::string& text, bool quoted, const Place& place) {
    Node node;
    node.kind = kind;
    node.text = text;
    node.quoted = quoted;
    node.place = place;
    return node;
  }

  void complete(Node node, YAML::anchor_t anchor) {
    count(1, node.place);
    last_ = node.place;
    if (anchor != 0) anchors_.insert_or_assign(anchor, node);
    add(std::move(node));
  }

  void add(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == NodeKind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.pending) {
      add_key(frame, node);
    } else if (frame.pending_merge) {
      add_merge(frame, std::move(node));
      frame.pending.reset();
    } else {
      // yaml-cpp puts nothing where the next thing stands.
      if (node.kind == NodeKind::kNull) node.place = frame.pending->key_place;
      frame.pending->value = std::move(node);
      frame.node.entries.push_back(std::move(*frame.pending));
      frame.pending.reset();
    }
  }

  void add_key(Frame& frame, const Node& node) {
    if (node.kind != NodeKind::kScalar) {
      throw SpecError(node.place, "a key must be text, found " + describe(node));
    }
    if (const Entry* first = find_entry(frame.node, node.text)) {
      const Place& place = first->key_place;
      throw SpecError(node.place,
                      "the key '" + node.text + "' is there twice" +
                          (place.line == 0 ? "" : ", first in line " + std::to_string(place.line)) +
                          "; keep one");
    }
    frame.pending = Entry{node.text, node.place, {}};
    frame.pending_merge = node.text == "<<" && !node.quoted;
  }

  static void add_merge(Frame& frame, Node node) {
    std::vector<Node> sources;
    if (node.kind == NodeKind::kList) {
      sources = std::move(node.items);
    } else {
      sources.push_back(std::move(node));
    }
    for (Node& source : sources) {
      if (source.kind != NodeKind::kMap) {
        throw SpecError(source.place, "<< takes a mapping or a list of mappings, found " + describe(source));
      }
      frame.merges.push_back(std::move(source));
    }
  }

  /// A key of the mapping itself beats a merged one, an earlier source a later one.
  static void resolve_merges(Frame& frame) {
    for (Node& source : frame.merges) {
      for (Entry& entry : source.entries) {
        if (find_entry(frame.node, entry.key) == nullptr) frame.node.entries.push_back(std::move(entry));
      }
    }
  }

  const Places& places_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
  bool document_ = false;
  std::optional<Place> last_;
  Node root_;
};

/// yaml-cpp 0.7 takes a quote that is still open at the end of the file for closed, unless a document ends in
/// it.
std::string with_end(const std::string& text) {
  return text + (text.empty() || text.ends_with('\n') ? "...\n" : "\n...\n");
}

Node parse(const std::string& text, const Places& places) {
  TreeBuilder builder(places);
  try {
    std::istringstream stream(with_end(text));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    if (error.msg == YAML::ErrorMsg::BAD_FILE) {  // what its limit of depth says
      throw SpecError(builder.last(), "not valid YAML: nested too deeply");
    }
    if (error.msg == YAML::ErrorMsg::DOC_IN_SCALAR || error.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
      throw SpecError(builder.last(), "not valid YAML: a quote that opens after this place is never closed");
    }
    const bool ends = error.msg == YAML::ErrorMsg::END_OF_MAP || error.msg == YAML::ErrorMsg::END_OF_SEQ;
    if (ends && places.starts_line(error.mark) && !places.indented_by_tab(error.mark)) {
      throw SpecError(
          places.at(error.mark),
          "not valid YAML: indented like nothing above; begin it in the same column as its neighbours");
    }
    const bool tab = places.indented_by_tab(error.mark) && error.msg.find("tab") == std::string::npos;
    throw SpecError(places.at(error.mark),
                    "not valid YAML: " + error.msg + (tab ? "; indent with spaces, not tabs" : ""));
  }
  Node root = builder.take();
  if (root.kind == NodeKind::kNull) root.place = places.at(YAML::Mark::null_mark());
  return root;
}

}  // namespace

Node read_yaml(const std::string& text, const std::string& file) {
  return parse(text, Places(text, file, true));
}

Node read_yaml_value(const std::string& text, const std::string& argument) {
  return parse(text, Places(text, argument, false));
}

}  // namespace coppice
