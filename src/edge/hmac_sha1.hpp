// HMAC with SHA-1 (RFC 2104), which TURN's credentials and STUN's integrity are made of.
//
// pure. SHA-1's weakness against collisions does not reach an HMAC; nothing new is to be built on it all the same.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace antiphon::edge {

using Sha1Mac = std::array<std::uint8_t, 20>;

Sha1Mac hmac_sha1(std::span<const std::uint8_t> key, std::span<const std::uint8_t> message);

}  // namespace antiphon::edge
