// A LanguageModel together with the server that it asks.
#pragma once

#include "contract/chat_server.hpp"
#include "engine/language_model.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

namespace antiphon::fakes {

template <typename Server, typename Model>
class ServedModel final : public engine::LanguageModel {
public:
    /// `open` makes the client of the server, which has the context that the server has.
    template <typename Open>
    explicit ServedModel(std::size_t context_tokens, Open open) : server_(context_tokens) {
        auto made = open(server_.url());
        if (!made) throw std::runtime_error(made.error().text);
        model_ = *std::move(made);
    }

    Server& server() { return server_; }
    Model& model() { return *model_; }

    base::Result<engine::Generation> generate(const engine::GenerationRequest& request, const Sink& sink,
                                              std::stop_token stop) override {
        return model_->generate(request, sink, std::move(stop));
    }
    void forget(engine::ConversationId conversation) override { model_->forget(conversation); }
    std::size_t parallel() const noexcept override { return model_->parallel(); }
    std::size_t context_tokens() const noexcept override { return model_->context_tokens(); }
    std::size_t count_tokens(std::string_view text) const override { return model_->count_tokens(text); }

private:
    Server server_;
    std::unique_ptr<Model> model_;
};

}  // namespace antiphon::fakes
