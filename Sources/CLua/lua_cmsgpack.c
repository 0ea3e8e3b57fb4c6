// cmsgpack: MessagePack, as Redis's scripts have it: the types of the format of 2012 (no bin, ext or timestamp, which
// are bad data to unpack), whole numbers as integers, others in the smaller float that holds them exactly, and a table
// as an array if its keys are 1 to n.

#include <limits.h>

#include "include/cambium_lua_libraries.h"
#include "lua_bytes.h"

/// A table nested deeper is packed as nil; so ends a table that holds itself.
enum { deepest_table = 16 };

// Packing

/// A tag byte and then the low `size` bytes of `bits`, the highest first.
static void append_tagged(Bytes *bytes, int tag, uint64_t bits, int size) {
  char text[1 + sizeof bits];
  text[0] = (char)tag;
  for (int index = size; index > 0; index--, bits >>= 8) text[index] = (char)(bits & 0xff);
  bytes_append(bytes, text, 1 + (size_t)size);
}

/// Array, map: their short form, and the tag of that with 16 bits, which that with 32 follows.
static void append_count(Bytes *bytes, size_t count, int short_tag, int long_tag) {
  if (count <= 15) {
    bytes_append_byte(bytes, short_tag | (int)count);
  } else if (count <= UINT16_MAX) {
    append_tagged(bytes, long_tag, count, 2);
  } else {
    if (count > UINT32_MAX) luaL_error(bytes->L, "table too large for MessagePack");
    append_tagged(bytes, long_tag + 1, count, 4);
  }
}

static void append_string(Bytes *bytes, const char *text, size_t count) {
  if (count <= 31) {
    bytes_append_byte(bytes, 0xa0 | (int)count);
  } else if (count <= UINT8_MAX) {
    append_tagged(bytes, 0xd9, count, 1);
  } else if (count <= UINT16_MAX) {
    append_tagged(bytes, 0xda, count, 2);
  } else {
    if (count > UINT32_MAX) luaL_error(bytes->L, "string too long for MessagePack");
    append_tagged(bytes, 0xdb, count, 4);
  }
  bytes_append(bytes, text, count);
}

static void append_integer(Bytes *bytes, int64_t value) {
  uint64_t bits = (uint64_t)value;
  if (value >= -32 && value <= 127) {
    bytes_append_byte(bytes, (int)(bits & 0xff));
  } else if (value >= 0) {
    if (value <= UINT8_MAX) append_tagged(bytes, 0xcc, bits, 1);
    else if (value <= UINT16_MAX) append_tagged(bytes, 0xcd, bits, 2);
    else if (value <= UINT32_MAX) append_tagged(bytes, 0xce, bits, 4);
    else append_tagged(bytes, 0xcf, bits, 8);
  } else {
    if (value >= INT8_MIN) append_tagged(bytes, 0xd0, bits, 1);
    else if (value >= INT16_MIN) append_tagged(bytes, 0xd1, bits, 2);
    else if (value >= INT32_MIN) append_tagged(bytes, 0xd2, bits, 4);
    else append_tagged(bytes, 0xd3, bits, 8);
  }
}

static void append_number(Bytes *bytes, lua_Number number) {
  if (number >= -0x1p63 && number < 0x1p63 && number == (lua_Number)(int64_t)number) {
    append_integer(bytes, (int64_t)number);
    return;
  }
  float single = (float)number;
  if (number == (lua_Number)single) {
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    append_tagged(bytes, 0xca, bits, 4);
  } else {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    append_tagged(bytes, 0xcb, bits, 8);
  }
}

/// How many entries the table on top of the stack has, and in `is_array` whether their keys are 1 to that.
static int count_entries(lua_State *L, int *is_array) {
  int count = 0;
  lua_Number largest = 0;
  *is_array = 1;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    count++;
    if (!*is_array) continue;
    lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
    if (!(key >= 1 && key <= INT_MAX) || key != (lua_Number)(int)key) *is_array = 0;
    else if (key > largest) largest = key;
  }
  // Keys are distinct and at least 1: if the largest is their number, none is missing.
  if (largest != (lua_Number)count) *is_array = 0;
  return count;
}

/// Appends the value on top of the stack and takes it off; `depth` tables are around it.
static void append_value(Bytes *bytes, int depth) {
  lua_State *L = bytes->L;
  // A key, its value, and a copy of the key.
  luaL_checkstack(L, 3, "in cmsgpack.pack");
  int type = lua_type(L, -1);
  switch (type == LUA_TTABLE && depth == deepest_table ? LUA_TNIL : type) {
  case LUA_TSTRING: {
    size_t count;
    const char *text = lua_tolstring(L, -1, &count);
    append_string(bytes, text, count);
    break;
  }
  case LUA_TBOOLEAN: bytes_append_byte(bytes, lua_toboolean(L, -1) ? 0xc3 : 0xc2); break;
  case LUA_TNUMBER: append_number(bytes, lua_tonumber(L, -1)); break;
  case LUA_TTABLE: {
    int is_array, count = count_entries(L, &is_array);
    if (is_array) {
      append_count(bytes, (size_t)count, 0x90, 0xdc);
      for (int index = 1; index <= count; index++) {
        lua_rawgeti(L, -1, index);
        append_value(bytes, depth + 1);
      }
    } else {
      append_count(bytes, (size_t)count, 0x80, 0xde);
      lua_pushnil(L);
      while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        append_value(bytes, depth + 1);
        append_value(bytes, depth + 1);
      }
    }
    break;
  }
  default: bytes_append_byte(bytes, 0xc0);
  }
  lua_pop(L, 1);
}

static int cmsgpack_pack(lua_State *L) {
  int count = lua_gettop(L);
  if (count == 0) return luaL_argerror(L, 0, "MessagePack pack needs input.");
  if (!lua_checkstack(L, count)) return luaL_argerror(L, 0, "Too many arguments for MessagePack pack.");
  luaL_checkstack(L, 4, "in cmsgpack.pack");
  Bytes *bytes = bytes_open(L, 1);
  for (int argument = 2; argument <= count + 1; argument++) {
    lua_pushvalue(L, argument);
    append_value(bytes, 0);
  }
  bytes_push(bytes);
  return 1;
}

// Unpacking

/// The input that is left. It belongs to the string at stack index 1.
typedef struct {
  lua_State *L;
  const unsigned char *next;
  size_t left;
} Input;

/// The next `count` bytes, which are passed over.
static const unsigned char *take(Input *input, size_t count) {
  if (input->left < count) luaL_error(input->L, "Missing bytes in input.");
  const unsigned char *start = input->next;
  input->next += count;
  input->left -= count;
  return start;
}

/// An unsigned number of `size` bytes, the highest first.
static uint64_t take_bits(Input *input, size_t size) {
  const unsigned char *bytes = take(input, size);
  uint64_t bits = 0;
  for (size_t index = 0; index < size; index++) bits = bits << 8 | bytes[index];
  return bits;
}

/// `bits` as a signed number of `size` bytes.
static lua_Number signed_value(uint64_t bits, size_t size) {
  if (size < sizeof bits && bits >> (8 * size - 1) & 1) bits |= UINT64_MAX << (8 * size);
  int64_t value;
  memcpy(&value, &bits, sizeof value);
  return (lua_Number)value;
}

static const char *const too_many = "too many return values at once; use unpack_one or unpack_limit instead.";

static void push_value(Input *input);

static void push_string(Input *input, size_t count) {
  const char *text = (const char *)take(input, count);
  lua_pushlstring(input->L, text, count);
}

/// Tables grow with what is read: what a header claims is not believed beforehand.
static void push_array(Input *input, size_t count) {
  lua_State *L = input->L;
  lua_newtable(L);
  luaL_checkstack(L, 1, "in function mp_decode_to_lua_array");
  for (size_t index = 1; index <= count; index++) {
    lua_pushnumber(L, (lua_Number)index);
    push_value(input);
    lua_rawset(L, -3);
  }
}

static void push_map(Input *input, size_t count) {
  lua_State *L = input->L;
  lua_newtable(L);
  for (; count > 0; count--) {
    push_value(input);
    push_value(input);
    lua_rawset(L, -3);  // nil and NaN as a key are Lua's errors
  }
}

/// Pushes the next value. Depth is bounded by the Lua stack: each level keeps one slot of it at least.
static void push_value(Input *input) {
  lua_State *L = input->L;
  luaL_checkstack(L, 1, too_many);
  int tag = *take(input, 1);
  switch (tag) {
  case 0xc0: lua_pushnil(L); return;
  case 0xc2: lua_pushboolean(L, 0); return;
  case 0xc3: lua_pushboolean(L, 1); return;
  case 0xca: {
    uint32_t bits = (uint32_t)take_bits(input, 4);
    float number;
    memcpy(&number, &bits, sizeof number);
    lua_pushnumber(L, number);
    return;
  }
  case 0xcb: {
    uint64_t bits = take_bits(input, 8);
    double number;
    memcpy(&number, &bits, sizeof number);
    lua_pushnumber(L, number);
    return;
  }
  case 0xcc: lua_pushnumber(L, (lua_Number)take_bits(input, 1)); return;
  case 0xcd: lua_pushnumber(L, (lua_Number)take_bits(input, 2)); return;
  case 0xce: lua_pushnumber(L, (lua_Number)take_bits(input, 4)); return;
  case 0xcf: lua_pushnumber(L, signed_value(take_bits(input, 8), 8)); return;  // 2^63 and more is negative, as in Redis
  case 0xd0: lua_pushnumber(L, signed_value(take_bits(input, 1), 1)); return;
  case 0xd1: lua_pushnumber(L, signed_value(take_bits(input, 2), 2)); return;
  case 0xd2: lua_pushnumber(L, signed_value(take_bits(input, 4), 4)); return;
  case 0xd3: lua_pushnumber(L, signed_value(take_bits(input, 8), 8)); return;
  case 0xd9: push_string(input, (size_t)take_bits(input, 1)); return;
  case 0xda: push_string(input, (size_t)take_bits(input, 2)); return;
  case 0xdb: push_string(input, (size_t)take_bits(input, 4)); return;
  case 0xdc: push_array(input, (size_t)take_bits(input, 2)); return;
  case 0xdd: push_array(input, (size_t)take_bits(input, 4)); return;
  case 0xde: push_map(input, (size_t)take_bits(input, 2)); return;
  case 0xdf: push_map(input, (size_t)take_bits(input, 4)); return;
  }
  if (tag <= 0x7f) lua_pushnumber(L, tag);
  else if (tag >= 0xe0) lua_pushnumber(L, tag - 0x100);
  else if (tag <= 0x8f) push_map(input, tag & 15);
  else if (tag <= 0x9f) push_array(input, tag & 15);
  else if (tag <= 0xbf) push_string(input, tag & 31);
  else luaL_error(L, "Bad data format in input.");
}

/// Unpacks at most `limit` values from `offset` of the string at index 1, and puts before them the offset of what
/// follows, or -1 at the end. With both 0 it unpacks all and gives no offset, also when unpack_limit was told so.
static int unpack(lua_State *L, lua_Integer limit, lua_Integer offset) {
  size_t count;
  const char *text = luaL_checklstring(L, 1, &count);
  // The text names the length in the place of the limit, as Redis's does.
  if (offset < 0 || limit < 0)
    return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.", (int)offset, (int)count);
  if ((size_t)offset > count)
    return luaL_error(L, "Start offset %d greater than input length %d.", (int)offset, (int)count);
  int is_all = limit == 0 && offset == 0;
  Input input = {.L = L, .next = (const unsigned char *)text + offset, .left = count - (size_t)offset};
  int results = 0;
  for (; input.left > 0 && (is_all || results < limit); results++) push_value(&input);
  if (is_all) return results;
  luaL_checkstack(L, 1, too_many);
  lua_pushinteger(L, input.left == 0 ? -1 : (lua_Integer)(count - input.left));
  lua_insert(L, 2);
  return results + 1;
}

/// Leaves the first argument alone on the stack; no argument is still none.
static void drop_options(lua_State *L) {
  if (lua_gettop(L) > 1) lua_settop(L, 1);
}

static int cmsgpack_unpack(lua_State *L) { return unpack(L, 0, 0); }

static int cmsgpack_unpack_one(lua_State *L) {
  lua_Integer offset = luaL_optinteger(L, 2, 0);
  drop_options(L);
  return unpack(L, 1, offset);
}

static int cmsgpack_unpack_limit(lua_State *L) {
  lua_Integer limit = luaL_checkinteger(L, 2), offset = luaL_optinteger(L, 3, 0);
  drop_options(L);
  return unpack(L, limit, offset);
}

int cambium_open_cmsgpack(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"pack", cmsgpack_pack},
    {"unpack", cmsgpack_unpack},
    {"unpack_one", cmsgpack_unpack_one},
    {"unpack_limit", cmsgpack_unpack_limit},
    {NULL, NULL},
  };
  lua_newtable(L);
  set_functions(L, functions);
  set_text(L, "_NAME", "cmsgpack");
  set_text(L, "_VERSION", "lua-cmsgpack 0.4.0");  // the one whose behaviour this has
  set_text(L, "_DESCRIPTION", "MessagePack C implementation for Lua");
  return 1;
}
