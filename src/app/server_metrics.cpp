#include "app/server_metrics.hpp"

#include "base/process_figures.hpp"

#include <memory>
#include <utility>

namespace antiphon::app {
namespace {

// Under the names that every Prometheus client library gives them, so that boards for any process show this one.
struct ProcessMetrics {
    explicit ProcessMetrics(base::Metrics& m)
        : cpu_seconds(m.counter("process_cpu_seconds_total", "CPU time of all threads, in user and kernel mode")),
          resident_bytes(m.gauge("process_resident_memory_bytes", "Memory that is in RAM")),
          virtual_bytes(m.gauge("process_virtual_memory_bytes", "Address space, mapped model files included")),
          memory_limit(m.gauge("antiphon_memory_limit_bytes", "Memory there is: the machine's, or what its control group may use")),
          open_files(m.gauge("process_open_fds", "Open files and sockets")),
          most_files(m.gauge("process_max_fds", "How many files and sockets may be open")),
          threads(m.gauge("process_threads", "Threads of the process")),
          start_seconds(m.gauge("process_start_time_seconds", "When the process began, since the epoch")) {}

    void look() {
        const base::ProcessFigures figures = base::read_process_figures();
        base::raise(cpu_seconds, figures.cpu_seconds);
        resident_bytes.Set(figures.resident_bytes);
        virtual_bytes.Set(figures.virtual_bytes);
        memory_limit.Set(figures.memory_limit_bytes);
        open_files.Set(figures.open_files);
        most_files.Set(figures.most_files);
        threads.Set(figures.threads);
        start_seconds.Set(figures.start_seconds);
    }

    prometheus::Counter& cpu_seconds;
    prometheus::Gauge& resident_bytes;
    prometheus::Gauge& virtual_bytes;
    prometheus::Gauge& memory_limit;
    prometheus::Gauge& open_files;
    prometheus::Gauge& most_files;
    prometheus::Gauge& threads;
    prometheus::Gauge& start_seconds;
};

class Watch {
public:
    Watch(base::Metrics& m, ServerState state)
        : metrics_(m),
          state_(std::move(state)),
          process_(m),
          ready_(m.gauge("antiphon_ready", "1 while calls can begin, else 0")),
          degraded_(m.gauge("antiphon_degraded_parts", "Parts for which something else stands in; /ready names them")),
          limit_(m.gauge("antiphon_calls_limit", "Calls that may be under way at the same time")),
          refused_(m.counter("antiphon_calls_refused_total", "Calls for which there was no place")),
          durable_(m.gauge("antiphon_session_store_durable", "1 where conversations are kept in Redis, 0 in memory only")),
          fallback_(m.gauge("antiphon_language_model_fallback", "1 while the first language model is left alone, else 0")) {
        m.gauge("antiphon_build_info", "1; what runs is in the labels",
                {{"version", ANTIPHON_VERSION}, {"device", state_.readiness().device}})
            .Set(1);
        limit_.Set(static_cast<double>(state_.registry.limit()));
    }

    void look() {
        process_.look();
        const edge::Readiness readiness = state_.readiness();
        ready_.Set(readiness.ready ? 1 : 0);
        degraded_.Set(static_cast<double>(readiness.degraded.size()));
        durable_.Set(readiness.session_store.empty() ? 0 : 1);
        base::raise(refused_, static_cast<double>(state_.registry.refused()));
        const auto models = state_.language_models();
        fallback_.Set(!models.empty() && !models.front().usable ? 1 : 0);
        for (const LanguageModelState& model : models)
            metrics_.gauge("antiphon_language_model_usable", "1 while the language model is asked, 0 while it is left alone",
                           {{"model", model.name}})
                .Set(model.usable ? 1 : 0);
        if (const auto expires = state_.certificate_expires())
            metrics_.gauge("antiphon_tls_certificate_expiry_time_seconds", "When the certificate ends, since the epoch")
                .Set(std::chrono::duration<double>(expires->time_since_epoch()).count());
    }

private:
    base::Metrics& metrics_;
    const ServerState state_;
    ProcessMetrics process_;
    prometheus::Gauge& ready_;
    prometheus::Gauge& degraded_;
    prometheus::Gauge& limit_;
    prometheus::Counter& refused_;
    prometheus::Gauge& durable_;
    prometheus::Gauge& fallback_;
};

}  // namespace

void watch_server(base::Metrics& metrics, ServerState state) {
    metrics.before_text([watch = std::make_shared<Watch>(metrics, std::move(state))] { watch->look(); });
}

}  // namespace antiphon::app
