// bit: operations on 32 bits, as Lua BitOp has them. Numbers go in modulo 2^32 and come out signed.

#include "include/cambium_lua_libraries.h"
#include "lua_bytes.h"

/// The low 32 bits of a number, halves rounded to even. Adding 2^52 + 2^51 puts them into the low half of the double's
/// mantissa; it also settles numbers of 2^51 and more, and NaN, in the same way on every machine.
static uint32_t check_bits(lua_State *L, int index) {
  double shifted = lua_tonumber(L, index) + 0x1.8p52;
  uint64_t pattern;
  memcpy(&pattern, &shifted, sizeof pattern);
  uint32_t bits = (uint32_t)pattern;
  if (bits == 0 && !lua_isnumber(L, index)) luaL_typerror(L, index, "number");
  return bits;
}

static int push_bits(lua_State *L, uint32_t bits) {
  lua_pushnumber(L, bits < 0x80000000u ? (lua_Number)bits : (lua_Number)bits - 0x1p32);
  return 1;
}

static int bit_tobit(lua_State *L) { return push_bits(L, check_bits(L, 1)); }

static int bit_bnot(lua_State *L) { return push_bits(L, ~check_bits(L, 1)); }

// The first argument is looked at first, then the others from the last on: it decides which of two bad ones is named.

static int bit_band(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  for (int index = lua_gettop(L); index > 1; index--) bits &= check_bits(L, index);
  return push_bits(L, bits);
}

static int bit_bor(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  for (int index = lua_gettop(L); index > 1; index--) bits |= check_bits(L, index);
  return push_bits(L, bits);
}

static int bit_bxor(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  for (int index = lua_gettop(L); index > 1; index--) bits ^= check_bits(L, index);
  return push_bits(L, bits);
}

static uint32_t rotated_left(uint32_t bits, uint32_t distance) {
  return bits << (distance & 31) | bits >> ((32 - distance) & 31);
}

/// The second argument, of which five bits count.
static uint32_t check_distance(lua_State *L) { return check_bits(L, 2) & 31; }

static int bit_lshift(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  return push_bits(L, bits << check_distance(L));
}

static int bit_rshift(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  return push_bits(L, bits >> check_distance(L));
}

static int bit_arshift(lua_State *L) {
  uint32_t bits = check_bits(L, 1), distance = check_distance(L);
  uint32_t sign = bits >> 31 ? ~(UINT32_MAX >> distance) : 0;
  return push_bits(L, bits >> distance | sign);
}

static int bit_rol(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  return push_bits(L, rotated_left(bits, check_distance(L)));
}

static int bit_ror(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  return push_bits(L, rotated_left(bits, 32 - check_distance(L)));
}

static int bit_bswap(lua_State *L) { return push_bits(L, __builtin_bswap32(check_bits(L, 1))); }

/// The number of digits may be anything: more than 8 gives 8, a negative one asks for capitals.
static int bit_tohex(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  uint32_t count = lua_isnone(L, 2) ? 8 : check_bits(L, 2);
  const char *digits = "0123456789abcdef";
  if (count >> 31) {
    count = -count;  // of an unsigned number: the least integer stays what it is, which is more than 8
    digits = "0123456789ABCDEF";
  }
  if (count > 8) count = 8;
  char text[8];
  for (uint32_t place = count; place > 0; place--, bits >>= 4) text[place - 1] = digits[bits & 15];
  lua_pushlstring(L, text, count);
  return 1;
}

int cambium_open_bit(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"tobit", bit_tobit},   {"bnot", bit_bnot},     {"band", bit_band},       {"bor", bit_bor}, {"bxor", bit_bxor},
    {"lshift", bit_lshift}, {"rshift", bit_rshift}, {"arshift", bit_arshift}, {"rol", bit_rol}, {"ror", bit_ror},
    {"bswap", bit_bswap},   {"tohex", bit_tohex},   {NULL, NULL},
  };
  lua_newtable(L);
  set_functions(L, functions);
  return 1;
}
