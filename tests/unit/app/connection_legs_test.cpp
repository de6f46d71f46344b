#include "app/connection_legs.hpp"
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace antiphon::app {
namespace {

TEST(ConnectionLegs, EachFaultIsWhole) {
    std::set<std::string> codes;
    for (const LegFault& fault : leg_faults()) {
        EXPECT_TRUE(codes.insert(fault.code).second) << fault.code << " comes twice";
        EXPECT_FALSE(fault.leg.empty() || fault.says.empty() || fault.advice.empty()) << fault.code;
        EXPECT_FALSE(fault.says.ends_with('.') || fault.advice.ends_with('.')) << fault.code;
        EXPECT_EQ(find_leg_fault(fault.code), &fault);
    }
    EXPECT_EQ(find_leg_fault("tcp.unheard_of"), nullptr);
}

TEST(ConnectionLegs, HaveEveryCodeThatTheCheckUses) {
    std::ifstream in(ANTIPHON_SOURCE_DIR "/src/app/check_command.cpp");
    const std::string source{std::istreambuf_iterator<char>(in), {}};
    const std::regex code(R"re("([a-z]+\.[a-z_]+)")re");
    int seen = 0;
    for (std::sregex_iterator found(source.begin(), source.end(), code), end; found != end; ++found) {
        const std::string text = (*found)[1];
        if (text == "session.created" || text.ends_with(".hpp")) continue;
        EXPECT_NE(find_leg_fault(text), nullptr) << text;
        ++seen;
    }
    EXPECT_GE(seen, 15);
}

}  // namespace
}  // namespace antiphon::app
