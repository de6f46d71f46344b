// Counters, gauges and histograms of the process, in Prometheus' text form at GET /metrics.
//
// thread-safe. Names and help texts are given once, where the metric is first made; asking again with
// the same name and labels gives the same metric. References stay good for the registry's life.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>

namespace antiphon::base {

class Metrics {
public:
    using Labels = std::map<std::string, std::string>;

    Metrics();

    prometheus::Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    /// A histogram of seconds, with buckets from 5 ms to 30 s.
    prometheus::Histogram& seconds(const std::string& name, const std::string& help, const Labels& labels = {});

    /// All of them in the text format, version 0.0.4.
    std::string text() const;

private:
    std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace antiphon::base
