#include "base/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <utility>

namespace antiphon::base {

Metrics::Metrics() : registry_(std::make_shared<prometheus::Registry>(prometheus::Registry::InsertBehavior::Merge)) {}

prometheus::Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add(labels);
}

prometheus::Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(labels);
}

prometheus::Histogram& Metrics::seconds(const std::string& name, const std::string& help, const Labels& labels) {
    static const prometheus::Histogram::BucketBoundaries kBuckets{0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4,
                                                                  0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0};
    return prometheus::BuildHistogram().Name(name).Help(help).Register(*registry_).Add(labels, kBuckets);
}

void Metrics::before_text(std::function<void()> sample) {
    const std::scoped_lock lock(samples_mutex_);
    samples_.push_back(std::move(sample));
}

std::string Metrics::text() const {
    {
        const std::scoped_lock lock(samples_mutex_);
        for (const auto& sample : samples_) sample();
    }
    return prometheus::TextSerializer().Serialize(registry_->Collect());
}

void raise(prometheus::Counter& counter, double total) {
    if (const double counted = counter.Value(); total > counted) counter.Increment(total - counted);
}

}  // namespace antiphon::base
