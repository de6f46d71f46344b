// How often the language of a call is decided right, and what it costs: sentences of espeak-ng in many languages, looked
// at as a call looks at them (listen/language_watch), with a multilingual Whisper.
//
//     language_bench [model file, default whisper-base's] [rounds, default 1]
//
// For each language: how many sentences the detector tells by one second of speech, by two, and by all of it, and how many
// the vote decides right by itself, of a call that begins with the sentence and of a call that has been in English. espeak-ng is
// robotic, and far from people in some languages: who reads the table should look at "all" first, which says what the
// model can tell at all.
#include "audio/resampler.hpp"
#include "contract/hearing_sounds.hpp"
#include "engine/espeak/espeak_synthesizer.hpp"
#include "engine/whisper/whisper_recognizer.hpp"
#include "fakes/test_models.hpp"
#include "listen/language_vote.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace antiphon {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;
using Findings = std::vector<engine::LanguageDetector::Finding>;

struct Spoken {
    const char* language;
    const char* voice;
    std::array<const char*, 8> sentences;
};

const std::vector<Spoken> kSpoken{
    {"en", "en-gb", {"What is the weather like tomorrow morning?", "I would like to book a table for two people.",
            "Could you please tell me when the next train leaves?", "My order has not arrived, and I am waiting.",
            "How much does the ticket to the airport cost?", "I have forgotten the password of my account.",
            "Please call me back this afternoon after three.", "Where can I find a pharmacy that is open today?"}},
    {"de", "de", {"Wie wird das Wetter morgen früh in Berlin?", "Ich möchte einen Tisch für zwei Personen reservieren.",
            "Können Sie mir sagen, wann der nächste Zug fährt?", "Meine Bestellung ist noch nicht angekommen.",
            "Wie viel kostet die Fahrkarte zum Flughafen?", "Ich habe das Passwort für mein Konto vergessen.",
            "Bitte rufen Sie mich heute Nachmittag zurück.", "Wo finde ich eine Apotheke, die heute geöffnet ist?"}},
    {"es", "es", {"¿Qué tiempo va a hacer mañana por la mañana?", "Quisiera reservar una mesa para dos personas.",
            "¿Me puede decir cuándo sale el próximo tren?", "Mi pedido todavía no ha llegado y estoy esperando.",
            "¿Cuánto cuesta el billete para el aeropuerto?", "He olvidado la contraseña de mi cuenta.",
            "Por favor, llámeme esta tarde después de las tres.", "¿Dónde hay una farmacia que esté abierta hoy?"}},
    {"fr", "fr", {"Quel temps fera-t-il demain matin à Paris ?", "Je voudrais réserver une table pour deux personnes.",
            "Pouvez-vous me dire quand part le prochain train ?", "Ma commande n'est pas encore arrivée, j'attends toujours.",
            "Combien coûte le billet pour l'aéroport ?", "J'ai oublié le mot de passe de mon compte.",
            "Rappelez-moi cet après-midi, s'il vous plaît.", "Où puis-je trouver une pharmacie ouverte aujourd'hui ?"}},
    {"it", "it", {"Che tempo farà domani mattina a Roma?", "Vorrei prenotare un tavolo per due persone.",
            "Mi può dire quando parte il prossimo treno?", "Il mio ordine non è ancora arrivato e sto aspettando.",
            "Quanto costa il biglietto per l'aeroporto?", "Ho dimenticato la password del mio conto.",
            "Per favore mi richiami oggi pomeriggio dopo le tre.", "Dove posso trovare una farmacia aperta oggi?"}},
    {"pt", "pt", {"Como vai estar o tempo amanhã de manhã?", "Eu gostaria de reservar uma mesa para duas pessoas.",
            "Pode dizer-me quando parte o próximo comboio?", "A minha encomenda ainda não chegou e estou à espera.",
            "Quanto custa o bilhete para o aeroporto?", "Esqueci a palavra-passe da minha conta.",
            "Por favor, ligue-me hoje à tarde depois das três.", "Onde posso encontrar uma farmácia aberta hoje?"}},
    {"nl", "nl", {"Wat voor weer wordt het morgenochtend?", "Ik wil graag een tafel voor twee personen reserveren.",
            "Kunt u mij vertellen wanneer de volgende trein vertrekt?", "Mijn bestelling is nog steeds niet aangekomen.",
            "Hoeveel kost het kaartje naar het vliegveld?", "Ik ben het wachtwoord van mijn rekening vergeten.",
            "Wilt u mij vanmiddag na drie uur terugbellen?", "Waar vind ik een apotheek die vandaag open is?"}},
    {"sv", "sv", {"Hur blir vädret i morgon bitti i Stockholm?", "Jag skulle vilja boka ett bord för två personer.",
            "Kan du säga mig när nästa tåg går?", "Min beställning har fortfarande inte kommit fram.",
            "Hur mycket kostar biljetten till flygplatsen?", "Jag har glömt lösenordet till mitt konto.",
            "Var snäll och ring mig i eftermiddag efter klockan tre.", "Var hittar jag ett apotek som är öppet idag?"}},
    {"pl", "pl", {"Jaka będzie jutro rano pogoda w Warszawie?", "Chciałbym zarezerwować stolik dla dwóch osób.",
            "Czy może mi pan powiedzieć, kiedy odjeżdża następny pociąg?", "Moje zamówienie jeszcze nie dotarło, nadal czekam.",
            "Ile kosztuje bilet na lotnisko?", "Zapomniałem hasła do mojego konta.",
            "Proszę zadzwonić do mnie dziś po południu.", "Gdzie znajdę aptekę, która jest dzisiaj otwarta?"}},
    {"ru", "ru", {"Какая погода будет завтра утром в Москве?", "Я хотел бы заказать столик на двоих.",
            "Скажите, пожалуйста, когда отправляется следующий поезд?", "Мой заказ до сих пор не пришёл, я всё ещё жду.",
            "Сколько стоит билет до аэропорта?", "Я забыл пароль от своего счёта.",
            "Перезвоните мне, пожалуйста, сегодня после обеда.", "Где найти аптеку, которая сегодня открыта?"}},
    {"tr", "tr", {"Yarın sabah hava nasıl olacak?", "İki kişilik bir masa ayırtmak istiyorum.",
            "Bir sonraki tren ne zaman kalkıyor, söyler misiniz?", "Siparişim hâlâ gelmedi, bekliyorum.",
            "Havaalanına bilet ne kadar?", "Hesabımın şifresini unuttum.",
            "Lütfen beni bugün öğleden sonra geri arayın.", "Bugün açık olan bir eczane nerede bulabilirim?"}}};

template <typename T>
T taken(base::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(*result);
}

/// The sentence at 16 kHz, from where it begins to sound.
std::vector<float> say(engine::Synthesizer& espeak, const char* sentence, const char* voice) {
    std::vector<float> samples;
    auto done = espeak.synthesize({.text = sentence, .language = voice, .voice = {}},
                                  [&](audio::Pcm chunk) {
                                      samples.insert(samples.end(), chunk.samples.begin(), chunk.samples.end());
                                  },
                                  {});
    if (!done) throw std::runtime_error(done.error().text);
    auto resampled = taken(audio::resample(samples, espeak.sample_rate(), contract::kHearingRate));
    const auto loud = std::find_if(resampled.begin(), resampled.end(), [](float s) { return std::abs(s) > 0.01F; });
    resampled.erase(resampled.begin(), loud);
    // A quiet room, as a microphone hears it.
    const auto room = contract::noise(contract::Noise::pink,
                                      static_cast<double>(resampled.size()) / contract::kHearingRate + 0.01, -55.0F);
    for (std::size_t i = 0; i < resampled.size(); ++i) resampled[i] += room.samples[i];
    return resampled;
}

struct Timed {
    Findings findings;
    double milliseconds = 0.0;
};

Timed look(engine::LanguageDetector& detector, const std::vector<float>& sound, double seconds) {
    const auto length = std::min(sound.size(), contract::samples_of(seconds));
    const auto began = std::chrono::steady_clock::now();
    auto findings = taken(detector.detect(std::span(sound).first(length), {}));
    return {std::move(findings), Milliseconds(std::chrono::steady_clock::now() - began).count()};
}

std::string best(const Findings& findings) { return findings.empty() ? std::string() : findings.front().language; }

/// The looks of LanguageWatch at one utterance, the last of them at its end; what is decided then.
std::string decided(engine::LanguageDetector& detector, const std::vector<float>& sound, listen::LanguageVote vote) {
    const double all = static_cast<double>(sound.size()) / contract::kHearingRate;
    double looked = 0.0;
    for (const double point : {1.0, 2.0, 4.0, 8.0, 1e9}) {
        const double seconds = std::min(point, all);
        if (seconds < 1.0 || seconds < looked * (point > all ? 1.25 : 1.0)) break;
        looked = seconds;
        std::vector<listen::LanguageVote::Candidate> candidates;
        for (const auto& finding : look(detector, sound, seconds).findings)
            candidates.push_back({finding.language, finding.confidence});
        const bool changed = vote.hear(candidates, base::milliseconds(static_cast<int>(seconds * 1000)));
        if ((vote.agreed() && !changed) || seconds == all) break;
    }
    return vote.language();
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0.0;
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void measure(engine::LanguageDetector& detector, int rounds) {
    engine::espeak::EspeakSettings settings;
    const auto espeak = taken(engine::espeak::EspeakSynthesizer::open(settings));
    std::printf("| | 1 s | 2 s | all | first turn | switched from English |\n|---|---:|---:|---:|---:|---:|\n");
    std::array<int, 5> right_of_all{};
    int wrong = 0;
    int all = 0;
    std::vector<double> one_second;
    std::vector<double> two_seconds;
    std::vector<double> whole;
    std::string mistakes;
    for (const Spoken& spoken : kSpoken) {
        std::array<int, 5> right{};
        int count = 0;
        for (int round = 0; round < rounds; ++round)
            for (const char* sentence : spoken.sentences) {
                const auto sound = say(*espeak, sentence, spoken.voice);
                const std::string expected = spoken.language;
                ++count;
                const Timed first = look(detector, sound, 1.0);
                const Timed second = look(detector, sound, 2.0);
                const Timed last = look(detector, sound, 8.0);
                one_second.push_back(first.milliseconds);
                two_seconds.push_back(second.milliseconds);
                whole.push_back(last.milliseconds);
                listen::LanguageVote in_english{listen::LanguageVoteSettings{}};
                const listen::LanguageVote::Candidate english{"en", 0.95F};
                in_english.hear({&english, 1}, std::chrono::seconds(2));
                const std::string turn = decided(detector, sound, listen::LanguageVote{listen::LanguageVoteSettings{}});
                const std::string switched = decided(detector, sound, in_english);
                const std::array<bool, 5> good{best(first.findings) == expected, best(second.findings) == expected,
                                               best(last.findings) == expected, turn == expected, switched == expected};
                for (std::size_t i = 0; i < good.size(); ++i) right[i] += good[i] ? 1 : 0;
                wrong += !good[3] && !turn.empty() ? 1 : 0;
                if (!good[2] || !good[3])
                    mistakes += std::string(expected) + ": all " + best(last.findings) + ", decided '" + turn + "': " +
                                sentence + '\n';
            }
        std::printf("| %s |", spoken.language);
        for (std::size_t i = 0; i < right.size(); ++i) {
            std::printf(" %d/%d |", right[i], count);
            right_of_all[i] += right[i];
        }
        std::printf("\n");
        all += count;
    }
    std::printf("| together |");
    for (const int right : right_of_all) std::printf(" %.1f %% |", 100.0 * right / all);
    std::printf("\n\nOf %d first turns %d were decided wrong.\n\nOne look: 1 s median %.0f ms, p95 %.0f ms; 2 s %.0f and %.0f; the whole sentence %.0f and %.0f.\n",
                all, wrong, percentile(one_second, 0.5), percentile(one_second, 0.95), percentile(two_seconds, 0.5),
                percentile(two_seconds, 0.95), percentile(whole, 0.5), percentile(whole, 0.95));
    std::printf("\nNot told by all of it, or not decided right:\n%s", mistakes.c_str());
}

/// What a look that runs at the same time costs a recognition: medians without and with, in turns.
void beside(engine::whisper::WhisperRecognizer& recognizer, engine::LanguageDetector& detector, int rounds) {
    std::vector<double> alone;
    std::vector<double> together;
    const auto sound = contract::kennedy(0.0, 2.3);
    const auto recognize = [&] {
        const auto began = std::chrono::steady_clock::now();
        taken(recognizer.transcribe({sound, "en", ""}, {}));
        return Milliseconds(std::chrono::steady_clock::now() - began).count();
    };
    for (int i = 0; i < 10 * rounds; ++i) {
        alone.push_back(recognize());
        std::jthread looking([&] { taken(detector.detect(sound.samples, {})); });
        std::this_thread::sleep_for(std::chrono::milliseconds(5 * (i % 10)));  // the look has begun by so much
        together.push_back(recognize());
    }
    std::printf("\nA recognition of 2.3 s: alone median %.0f ms, p95 %.0f ms; beside a look %.0f and %.0f.\n",
                percentile(alone, 0.5), percentile(alone, 0.95), percentile(together, 0.5), percentile(together, 0.95));
}

}  // namespace
}  // namespace antiphon

int main(int count, char** arguments) try {
    using namespace antiphon;
    engine::whisper::WhisperSettings settings;
    settings.model = count > 1 ? std::filesystem::path(arguments[1]) : fakes::model_file("whisper-base", "ggml-base.bin");
    const int rounds = count > 2 ? std::max(std::atoi(arguments[2]), 1) : 1;
    const auto recognizer = taken(engine::whisper::WhisperRecognizer::open(settings));
    const auto detector = taken(recognizer->language_detector());
    measure(*detector, rounds);
    beside(*recognizer, *detector, rounds);
    return 0;
} catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
}
