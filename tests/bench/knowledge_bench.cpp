// How long a question's passages take among 10,000: the search, the embedding of the question, and both; and how many of
// the true nearest are found.
//
//     knowledge_bench [--passages N] [--rounds N]
//
// The passages' vectors are those of real sentences, mixed: 400 sentences are embedded, and each passage is the unit sum
// of two of them and a little noise, since embedding 10,000 texts takes minutes. To measure beside a live call, run
// `antiphon call` in a loop at the same time.
#include "base/clock.hpp"
#include "bench/figures.hpp"
#include "engine/llama/llama_embedder.hpp"
#include "fakes/scratch_folder.hpp"
#include "fakes/test_models.hpp"
#include "store/passage_files.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace antiphon {
namespace {

double milliseconds_since(base::Time begin) { return 1000.0 * base::seconds(base::Clock::now() - begin); }

std::string sentence(std::mt19937& random) {
    static const char* const kWho[] = {"The library", "A visitor", "The harbour", "Our school", "The dentist", "A new tenant",
                                       "The ferry", "The kitchen", "Every member", "The museum"};
    static const char* const kDoes[] = {"opens at", "pays for", "returns", "keeps", "cleans", "orders", "forgets", "repairs"};
    static const char* const kWhat[] = {"nine in the morning", "a lost key",  "the green boat", "two telescopes", "warm bread",
                                        "the old register",    "its windows", "a broken tooth", "summer tickets", "the blue box"};
    static const char* const kWhen[] = {"on Mondays", "before the winter", "for twelve crowns", "without a card", "by telephone"};
    const auto one = [&](const auto& words) { return std::string(words[random() % std::size(words)]); };
    return one(kWho) + " " + one(kDoes) + " " + one(kWhat) + " " + one(kWhen) + ".";
}

std::vector<float> mixed(const std::vector<float>& a, const std::vector<float>& b, std::mt19937& random) {
    std::normal_distribution<float> noise(0.0F, 0.01F);
    std::vector<float> sum(a.size());
    float length = 0.0F;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum[i] = a[i] + 0.7F * b[i] + noise(random);
        length += sum[i] * sum[i];
    }
    for (float& number : sum) number /= std::sqrt(length);
    return sum;
}

std::size_t nearest_of(const std::vector<std::vector<float>>& vectors, const std::vector<float>& question) {
    std::size_t best = 0;
    float best_score = -2.0F;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        float score = 0.0F;
        for (std::size_t k = 0; k < question.size(); ++k) score += vectors[i][k] * question[k];
        if (score > best_score) {
            best_score = score;
            best = i;
        }
    }
    return best;
}

int fail(const base::Error& error) {
    std::fprintf(stderr, "%s\n", error.text.c_str());
    return 1;
}

int measure(std::size_t passages, std::size_t rounds) {
    std::mt19937 random(1);
    engine::llama::LlamaEmbedderSettings settings;
    settings.model = fakes::model_file("all-minilm-l6-v2", "all-MiniLM-L6-v2.F16.gguf");
    const auto embedder = engine::llama::LlamaEmbedder::open(settings);
    if (!embedder) return fail(embedder.error());
    std::vector<std::vector<float>> seeds;
    for (int i = 0; i < 400; ++i) {
        auto embedded = (*embedder)->embed({sentence(random)}, {});
        if (!embedded) return fail(embedded.error());
        seeds.push_back(std::move(embedded->vectors.front()));
    }
    store::Passages all{"all-minilm-l6-v2", {}, {}};
    for (std::size_t i = 0; i < passages; ++i) {
        all.texts.push_back({"document-" + std::to_string(i / 20) + ".md", "Title", "Heading", std::string(1000, 'x')});
        all.vectors.push_back(mixed(seeds[random() % seeds.size()], seeds[random() % seeds.size()], random));
    }
    const auto vectors = all.vectors;
    auto begin = base::Clock::now();
    const auto built = store::PassageIndex::build(std::move(all));
    if (!built) return fail(built.error());
    const double building = milliseconds_since(begin);
    const fakes::ScratchFolder folder;
    if (auto saved = store::save_passages(**built, folder.path() / "bench"); !saved) return fail(saved.error());
    begin = base::Clock::now();
    const auto index = store::load_passages(folder.path() / "bench");
    if (!index) return fail(index.error());
    std::printf("%zu passages of %zu numbers; built in %.0f ms, loaded in %.0f ms, load average %s\n", (*index)->size(),
                (*index)->dimensions(), building, milliseconds_since(begin), bench::load_average().c_str());

    std::vector<float> embedding, search, both;
    std::size_t right = 0;
    std::size_t asked = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        begin = base::Clock::now();
        const auto embedded = (*embedder)->embed({sentence(random)}, {});
        if (!embedded) return fail(embedded.error());
        const double first = milliseconds_since(begin);
        begin = base::Clock::now();
        const auto found = (*index)->search(embedded->vectors.front(), 4);
        const double second = milliseconds_since(begin);
        embedding.push_back(static_cast<float>(first));
        search.push_back(static_cast<float>(second));
        both.push_back(static_cast<float>(first + second));
        if (round % 10 != 0) continue;
        ++asked;
        const std::size_t best = nearest_of(vectors, embedded->vectors.front());
        float score = 0.0F;
        for (std::size_t k = 0; k < vectors[best].size(); ++k) score += vectors[best][k] * embedded->vectors.front()[k];
        right += !found.empty() && found.front().score > score - 1e-5F ? 1U : 0U;
    }
    bench::print_row_head();
    bench::print_row("embedding the question", embedding);
    bench::print_row("search", search);
    bench::print_row("both", both);
    std::printf("the nearest of all was found for %zu of %zu questions; load average %s\n", right, asked, bench::load_average().c_str());
    return 0;
}

}  // namespace
}  // namespace antiphon

int main(int argc, char** argv) {
    std::size_t passages = 10'000;
    std::size_t rounds = 1'000;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::strcmp(argv[i], "--passages") == 0) passages = std::strtoul(argv[i + 1], nullptr, 10);
        if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::strtoul(argv[i + 1], nullptr, 10);
    }
    try {
        return antiphon::measure(passages, rounds);
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "%s\n", fault.what());
        return 1;
    }
}
