#include "engine/mms_lid/mms_lid_detector.hpp"

#include "audio/pcm.hpp"
#include "base/worker_pool.hpp"
#include "engine/mms_lid/language_code.hpp"
#include "engine/mms_lid/model_folder.hpp"
#include "engine/mms_lid/network.hpp"
#include "engine/mms_lid/ranking.hpp"
#include "engine/mms_lid/waveform.hpp"
#include "engine/sound_check.hpp"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace antiphon::engine::mms_lid {
namespace {

constexpr int kSampleRate = 16000;
constexpr base::Duration kShortestSound = std::chrono::milliseconds(500);  // a word; below, nobody can tell

/// This thread, and those that it makes, let the recognizer and the language model go first: nobody waits for a look.
/// A system that refuses loses nothing but the order.
void give_way() { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 10); }

base::Result<void> check(const MmsLidSettings& settings) {
    const auto refuse = [](const char* name, const char* range) {
        return base::error(base::Errc::invalid, std::string("the language detector's ") + name + " must be " + range, name);
    };
    if (settings.threads < 1 || settings.threads > 64) return refuse("threads", "1 to 64");
    if (settings.parallel < 1 || settings.parallel > 16) return refuse("parallel", "1 to 16");
    if (settings.longest < std::chrono::seconds(1) || settings.longest > std::chrono::seconds(30))
        return refuse("longest", "1 to 30 seconds");
    return {};
}

/// One sound on its way through the network: owns all that the thread which looks at it touches, because whoever
/// asked may have left.
struct Look {
    std::vector<float> waveform;
    std::stop_token stop;
    Ort::RunOptions options;
    std::mutex mutex;
    std::condition_variable_any changed;
    std::optional<base::Result<std::vector<float>>> logits;

    void run(Network& network) {
        give_way();
        // Stopped while it waited for its place.
        auto result = stop.stop_requested()
                          ? base::Result<std::vector<float>>(base::error(base::Errc::cancelled, "not begun"))
                          : network.logits(std::move(waveform), options);
        const std::lock_guard lock(mutex);
        logits = std::move(result);
        changed.notify_all();
    }
};

}  // namespace

struct MmsLidDetector::Loaded {
    Loaded(const MmsLidSettings& settings, ModelFolder read, std::unique_ptr<Network> opened)
        : longest(settings.longest),
          parallel(settings.parallel),
          folder(std::move(read)),
          network(std::move(opened)),
          // Each caller waits in detect() with one sound: that bounds the queue.
          pool("mms-lid", settings.parallel, std::numeric_limits<std::size_t>::max()) {
        for (const std::string& label : folder.labels) languages.push_back(bcp47_of(label));
    }

    base::Duration longest;
    std::size_t parallel;
    ModelFolder folder;
    std::vector<std::string> languages;  ///< of each logit
    std::unique_ptr<Network> network;
    base::WorkerPool pool;  ///< its threads use the network: goes first
};

base::Result<std::unique_ptr<MmsLidDetector>> MmsLidDetector::open(const MmsLidSettings& settings) {
    if (auto checked = check(settings); !checked) return checked.error();
    auto folder = read_model_folder(settings.folder);
    if (!folder) return folder.error();
    auto network = base::Result<std::unique_ptr<Network>>(base::error(base::Errc::engine, "the network was not opened"));
    // On a thread of its own, because ONNX Runtime's threads give way as the one does that makes them.
    std::thread([&] {
        give_way();
        network = Network::open(folder->network, folder->labels.size(), settings.threads);
    }).join();
    if (!network) return network.error();
    return std::unique_ptr<MmsLidDetector>(
        new MmsLidDetector(std::make_unique<Loaded>(settings, std::move(*folder), std::move(*network))));
}

MmsLidDetector::MmsLidDetector(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
MmsLidDetector::~MmsLidDetector() = default;

base::Result<std::vector<LanguageDetector::Finding>> MmsLidDetector::detect(std::span<const float> samples_16khz,
                                                                            std::stop_token stop) {
    const auto cancelled = [] { return base::error(base::Errc::cancelled, "language detection was stopped"); };
    if (stop.stop_requested()) return cancelled();
    if (samples_16khz.size() < audio::samples_in(kShortestSound, kSampleRate))
        return base::error(base::Errc::invalid, "the sound is shorter than half a second", "sound");
    if (!audio::all_finite(samples_16khz))
        return base::error(base::Errc::invalid, "the sound holds samples that are not finite numbers", "sound");
    const auto sound = samples_16khz.last(
        std::min(samples_16khz.size(), audio::samples_in(loaded_->longest, kSampleRate)));
    if (!can_hold_speech(check_sound(sound))) return std::vector<Finding>{};

    auto look = std::make_shared<Look>();
    look->waveform = loaded_->folder.normalise ? normalised(sound) : std::vector<float>(sound.begin(), sound.end());
    look->stop = stop;
    if (auto taken = loaded_->pool.submit([look, network = loaded_->network.get()] { look->run(*network); }); !taken)
        return taken.error();
    std::unique_lock lock(look->mutex);
    if (!look->changed.wait(lock, stop, [&] { return look->logits.has_value(); })) {
        look->options.SetTerminate();
        return cancelled();
    }
    if (stop.stop_requested()) return cancelled();
    if (!*look->logits) return look->logits->error();
    return rank(**look->logits, loaded_->languages);
}

std::vector<std::string> MmsLidDetector::languages() const {
    const std::set<std::string> each(loaded_->languages.begin(), loaded_->languages.end());
    return {each.begin(), each.end()};
}

base::Duration MmsLidDetector::min_duration() const noexcept { return kShortestSound; }
base::Duration MmsLidDetector::max_duration() const noexcept { return loaded_->longest; }
std::size_t MmsLidDetector::parallel() const noexcept { return loaded_->parallel; }

}  // namespace antiphon::engine::mms_lid
