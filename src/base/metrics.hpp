// Counters, gauges and histograms of the process, in Prometheus' text form at GET /metrics.
//
// thread-safe. Names and help texts are given once, where the metric is first made; asking again with
// the same name and labels gives the same metric. References stay good for the registry's life.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace antiphon::base {

class Metrics {
public:
    using Labels = std::map<std::string, std::string>;

    Metrics();

    prometheus::Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    /// A histogram of seconds, with buckets from 5 ms to 30 s.
    prometheus::Histogram& seconds(const std::string& name, const std::string& help, const Labels& labels = {});

    /// Called before each text(), one at a time: sets what is looked at rather than counted. It may make metrics, must
    /// not ask for the text, and what it uses must outlive the last text().
    void before_text(std::function<void()> sample);

    /// All of them in the text format, version 0.0.4.
    std::string text() const;

private:
    std::shared_ptr<prometheus::Registry> registry_;
    mutable std::mutex samples_mutex_;
    std::vector<std::function<void()>> samples_;
};

/// A counter of what is already counted elsewhere: brings it up to `total`, never down.
void raise(prometheus::Counter& counter, double total);

}  // namespace antiphon::base
