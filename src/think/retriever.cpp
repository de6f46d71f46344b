#include "think/retriever.hpp"

#include "base/log.hpp"

#include <utility>

namespace antiphon::think {
namespace {

/// What a recognizer changes at its second look, a capital or a mark, does not change the meaning.
bool same_words(const std::string& one, const std::string& other) {
    const auto plain = [](const std::string& text) {
        std::string letters;
        for (const char c : text) {
            const bool ascii = static_cast<unsigned char>(c) < 0x80;
            const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
            if (!ascii || (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9')) letters += low;
        }
        return letters;
    };
    return plain(one) == plain(other);
}

}  // namespace

Retriever::Retriever(const KnowledgeSettings& settings, std::string collection, std::string call,
                     std::shared_ptr<base::Strand> strand, const Knowledge* knowledge, Handler& handler)
    : settings_(settings),
      collection_(std::move(collection)),
      call_(std::move(call)),
      strand_(std::move(strand)),
      knowledge_(knowledge),
      handler_(handler),
      anchor_(this) {}

void Retriever::look_ahead(const std::string& words) {
    if (wanted_ || (found_ && same_words(found_->words, words))) return;
    if (!running_) submit(words);
    else if (!same_words(running_->words, words)) next_ahead_ = words;
}

void Retriever::forget() {
    found_.reset();
    next_ahead_.reset();
    if (wanted_ || !running_) return;
    running_->stop.request_stop();
    running_.reset();
}

void Retriever::start(base::TurnId turn, const std::string& words) {
    cancel();
    next_ahead_.reset();
    wanted_ = Wanted{turn, words};
    strand_->post_at(strand_->now() + settings_.budget,
                     anchor_.handle().tie([turn](Retriever& self) { self.budget_is_over(turn); }));
    if (found_ && same_words(found_->words, words)) {
        // By a post, like every other end, so that start() never calls the handler from within.
        strand_->post(anchor_.handle().tie([turn](Retriever& self) {
            if (self.wanted_ && self.wanted_->turn == turn) self.deliver();
        }));
        return;
    }
    if (running_ && same_words(running_->words, words)) return;
    if (running_) running_->stop.request_stop();
    submit(words);
}

void Retriever::submit(const std::string& words) {
    running_ = Search{++last_number_, words, {}};
    auto job = [strand = strand_, anchor = anchor_.handle(), &knowledge = *knowledge_, collection = collection_, words,
                settings = settings_, number = last_number_, stop = running_->stop.get_token()] {
        auto found = find_passages(knowledge, collection, words, settings, stop);
        strand->post(anchor.tie([number, found = std::move(found)](Retriever& self) { self.finish(number, found); }));
    };
    if (auto taken = knowledge_->workers.submit(std::move(job)); !taken)
        strand_->post(anchor_.handle().tie([number = last_number_, failure = taken.error()](Retriever& self) {
            self.finish(number, failure);
        }));
}

void Retriever::finish(unsigned long long number, base::Result<std::vector<store::FoundPassage>> found) {
    if (!running_ || running_->number != number) return;  // nobody waits for it any more
    const Search search = std::move(*running_);
    running_.reset();
    if (found) {
        found_ = Found{search.words, std::move(*found), false};
    } else if (found.error().code != base::Errc::cancelled) {
        base::log::warning("knowledge.not_searched", {{"call", call_}, {"because", found.error().text}});
    }
    if (wanted_ && same_words(wanted_->words, search.words)) deliver();
    if (!running_ && next_ahead_) submit(*std::exchange(next_ahead_, std::nullopt));
}

void Retriever::deliver() {
    const Wanted wanted = std::move(*wanted_);
    wanted_.reset();
    std::vector<store::FoundPassage> passages;
    if (found_ && (!found_->given || same_words(found_->words, wanted.words))) {
        passages = found_->passages;
        found_->given = true;
    }
    handler_.on_passages(wanted.turn, std::move(passages));
}

void Retriever::budget_is_over(base::TurnId turn) {
    if (!wanted_ || wanted_->turn != turn) return;
    base::log::info("knowledge.late", {{"call", call_}, {"turn", base::number(turn)}, {"used_ahead", found_ ? "yes" : "no"}});
    deliver();
}

void Retriever::cancel() { wanted_.reset(); }

void Retriever::close() {
    cancel();
    if (running_) running_->stop.request_stop();
    running_.reset();
    next_ahead_.reset();
    anchor_.drop();
}

}  // namespace antiphon::think
