#include "contract/embedder_contract.hpp"
#include "fakes/fake_embedder.hpp"

namespace antiphon::engine {
namespace {

INSTANTIATE_TEST_SUITE_P(Fake, EmbedderContract,
                         testing::Values(EmbedderCase{"fake", [] { return std::make_unique<fakes::FakeEmbedder>(); }}));

}  // namespace
}  // namespace antiphon::engine
