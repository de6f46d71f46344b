// What the load callers print: shares of many values as rows of Markdown, and the load of the machine.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace antiphon::bench {

inline std::string load_average() {
    std::array<double, 3> load{};
    if (getloadavg(load.data(), 3) != 3) return "?";
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", load[0]);
    return text;
}

inline double at_share(std::vector<float>& values, double share) {
    if (values.empty()) return std::nan("");
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return values[at];
}

inline void print_row_head() { std::printf("| ms | count | p50 | p95 | p99 | p99.9 | max |\n|---|---:|---:|---:|---:|---:|---:|\n"); }

inline void print_row(const char* name, std::vector<float> values) {
    std::printf("| %s | %zu | %.2f | %.2f | %.2f | %.2f | %.2f |\n", name, values.size(), at_share(values, 0.5),
                at_share(values, 0.95), at_share(values, 0.99), at_share(values, 0.999), at_share(values, 1.0));
}

}  // namespace antiphon::bench
