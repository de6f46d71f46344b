#include "contract/language_detector_contract.hpp"
#include "fakes/fake_language_detector.hpp"

namespace antiphon::contract {
namespace {

struct FakeLanguageDetectorBackend {
    static std::unique_ptr<engine::LanguageDetector> open() { return std::make_unique<fakes::FakeLanguageDetector>(); }
    static std::unique_ptr<engine::LanguageDetector> open_unhurried() {
        auto detector = std::make_unique<fakes::FakeLanguageDetector>();
        detector->hold();
        return detector;
    }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, LanguageDetectorContract, FakeLanguageDetectorBackend);

}  // namespace
}  // namespace antiphon::contract
