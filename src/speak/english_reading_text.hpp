// English's own rules of reading.
//
// pure.
#pragma once

#include "speak/text_reading.hpp"

#include <optional>
#include <string_view>

namespace antiphon::speak {

class EnglishReading : public Reading {
public:
    /// The region tells whether 3/4/2024 is the third of April or the fourth of March.
    EnglishReading(View text, std::string_view region);

protected:
    bool own_rule() override;
    Text cardinal(View digits) const override;
    Text one_before(View noun) const override;
    std::optional<Text> year_at(std::size_t from, const Number& number) const override;
    bool describes(std::size_t from, std::size_t end) const override;
    std::optional<Text> fraction(int numerator, int denominator, bool after_number) const override;

private:
    struct Month {
        int number = 0;
        std::size_t end = 0;
        bool shortened = false;
    };

    bool decade();
    bool clock();
    bool numeric_date();
    bool month_day();
    bool day_month();
    bool weekday();
    std::optional<Month> month_at(std::size_t from) const;
    int day_at(std::size_t from, std::size_t& end) const;
    Text date_words(const Date& date) const;
    void year_behind();

    bool ordinal();
    bool term();
    bool feet();
    bool fixed();
    bool kilo_name();
    bool emergency();
    bool roman();
    bool acronym();
    bool saint_or_street();

    const bool day_first_;
};

}  // namespace antiphon::speak
