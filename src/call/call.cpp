#include "call/call.hpp"

#include "call/conversation.hpp"

#include <utility>

namespace antiphon::call {

Call::Call(std::unique_ptr<Conversation> conversation) : conversation_(std::move(conversation)) {}
Call::~Call() = default;

std::shared_ptr<Call> Call::open(Session session, const CallSettings& settings, const CallEngines& engines,
                                 std::shared_ptr<base::Strand> strand, Peer& peer, std::vector<think::Item> history,
                                 const think::Summary& summary) {
    auto conversation = std::make_unique<Conversation>(std::move(session), settings, engines, std::move(strand), peer);
    std::shared_ptr<Call> call(new Call(std::move(conversation)));
    call->conversation_->begin(std::move(history), summary);
    return call;
}

void Call::close() { conversation_->close(); }

const Session& Call::session() const { return conversation_->session(); }

const std::vector<think::Item>& Call::items() const { return conversation_->items(); }

const think::Summary& Call::summary() const { return conversation_->summary(); }

void Call::hear(std::span<const float> samples) { conversation_->hear(samples, session().input_rate); }

void Call::hear(std::span<const float> samples, int sample_rate) { conversation_->hear(samples, sample_rate); }

void Call::hold_output() { conversation_->hold_output(); }

void Call::resume_output(base::Duration unheard, std::span<const float> again) {
    conversation_->resume_output(unheard, again);
}

void Call::update_session(const SessionPatch& patch, const std::string& client_event_id) {
    conversation_->update_session(patch, client_event_id);
}

void Call::commit_audio(const std::string& client_event_id) { conversation_->commit_audio(client_event_id); }

void Call::clear_audio() { conversation_->clear_audio(); }

void Call::create_item(think::Item item, const std::optional<std::string>& previous, const std::string& client_event_id) {
    conversation_->create_item(std::move(item), previous, client_event_id);
}

void Call::retrieve_item(const std::string& item_id, const std::string& client_event_id) {
    conversation_->retrieve_item(item_id, client_event_id);
}

void Call::delete_item(const std::string& item_id, const std::string& client_event_id) {
    conversation_->delete_item(item_id, client_event_id);
}

void Call::truncate_item(const std::string& item_id, std::int64_t audio_end_ms, const std::string& client_event_id) {
    conversation_->truncate_item(item_id, audio_end_ms, client_event_id);
}

void Call::create_response(ResponseRequest request) { conversation_->create_response(std::move(request)); }

void Call::cancel_response(const std::string& response_id, const std::string& client_event_id) {
    conversation_->cancel_response(response_id, client_event_id);
}

void Call::clear_output(const std::string&) { conversation_->clear_output(); }

}  // namespace antiphon::call
