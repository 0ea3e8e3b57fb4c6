// struct: C structures in strings, by a format.
//
//     < >      little, big endian (at first the machine's)       b B h H l L T   integers of C, capitals unsigned
//     ![n]     align to n bytes at most, a power of 2; alone 8   i[n] I[n]       integers of n bytes, up to 32
//     x        a byte that is skipped                            f d             float, double
//     c[n]     n bytes; c0: all of the string, or as many as     s               a string and a zero byte
//              the number unpacked before says
//
// Redis's texts and its reading of odd formats, but for a signed integer of more than 8 bytes, where Redis uses a
// shift that C leaves undefined: here it is its low 64 bits.

#include <limits.h>

#include "include/cambium_lua_libraries.h"
#include "lua_bytes.h"

enum { largest_integer = 32, natural_alignment = _Alignof(double) };

typedef struct {
  lua_State *L;
  const char *rest;  // what is left of the format; ends with a zero byte
  int is_little;
  size_t alignment;
} Format;

static const int machine_is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

static Format check_format(lua_State *L) {
  return (Format){.L = L, .rest = luaL_checkstring(L, 1), .is_little = machine_is_little, .alignment = 1};
}

// Of ctype.h's, but without a locale and for any char.
static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_lower(char c) { return c >= 'a' && c <= 'z'; }
static int is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

/// The number that may stand next in the format.
static int next_number(Format *format, int absent) {
  if (!is_digit(*format->rest)) return absent;
  int number = 0;
  for (; is_digit(*format->rest); format->rest++) {
    int digit = *format->rest - '0';
    if (number > (INT_MAX - digit) / 10) luaL_error(format->L, "integral size overflow");
    number = number * 10 + digit;
  }
  return number;
}

/// The size of what `option` stands for; 0 when the data decides (s, c0) and for what is no item.
static size_t next_size(Format *format, char option) {
  switch (option) {
  case 'b': case 'B': case 'x': return 1;
  case 'h': case 'H': return sizeof(short);
  case 'l': case 'L': return sizeof(long);
  case 'T': return sizeof(size_t);
  case 'f': return sizeof(float);
  case 'd': return sizeof(double);
  case 'c': return (size_t)next_number(format, 1);
  case 'i': case 'I': {
    int size = next_number(format, sizeof(int));
    if (size > largest_integer)
      luaL_error(format->L, "integral size %d is larger than limit of %d", size, largest_integer);
    return (size_t)size;
  }
  default: return 0;
  }
}

/// How many bytes to skip at `position`, less than 32. Sizes that are no power of two have no proper alignment; they
/// get what the mask gives, as in Redis.
static size_t padding(const Format *format, char option, size_t size, size_t position) {
  if (size == 0 || option == 'c') return 0;
  if (size > format->alignment) size = format->alignment;
  return (size - (position & (size - 1))) & (size - 1);
}

/// What is no item: byte order, alignment, a space.
static void apply_control(Format *format, char option) {
  switch (option) {
  case ' ': return;
  case '<': format->is_little = 1; return;
  case '>': format->is_little = 0; return;
  case '!': {
    int alignment = next_number(format, natural_alignment);
    if (alignment <= 0 || (alignment & (alignment - 1)) != 0)
      luaL_error(format->L, "alignment %d is not a power of 2", alignment);
    format->alignment = (size_t)alignment;
    return;
  }
  default: luaL_argerror(format->L, 1, lua_pushfstring(format->L, "invalid format option '%c'", option));
  }
}

/// A number's 64 bits. What does not fit is what conversion on x86-64 makes of it.
static uint64_t integer_bits(lua_Number number) {
  if (number >= 0x1p64) return 0;
  if (number >= 0) return (uint64_t)number;
  if (number >= -0x1p63) return (uint64_t)(int64_t)number;
  return (uint64_t)INT64_MIN;  // too small, or no number
}

/// Writes the `size` low bytes, at most 32; those past the eighth are zero.
static void put_integer(char *target, uint64_t bits, size_t size, int is_little) {
  for (size_t index = 0; index < size; index++, bits >>= 8)
    target[is_little ? index : size - 1 - index] = (char)(bits & 0xff);
}

static uint64_t get_integer(const char *source, size_t size, int is_little) {
  uint64_t bits = 0;
  for (size_t index = 0; index < size; index++)
    bits = bits << 8 | (unsigned char)source[is_little ? size - 1 - index : index];
  return bits;
}

static lua_Number signed_value(uint64_t bits, size_t size) {
  if (size > 0 && size < sizeof bits && bits >> (8 * size - 1) & 1) bits |= UINT64_MAX << (8 * size);
  int64_t value;
  memcpy(&value, &bits, sizeof value);
  return (lua_Number)value;
}

static int struct_pack(lua_State *L) {
  Format format = check_format(L);
  int argument = 2;
  size_t position = 0;
  lua_pushnil(L);  // so that a missing argument is nil, and not the buffer
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  while (*format.rest != '\0') {
    char option = *format.rest++, bytes[largest_integer];
    size_t size = next_size(&format, option);
    size_t skipped = padding(&format, option, size, position);
    position += skipped;
    for (; skipped > 0; skipped--) luaL_addchar(&buffer, '\0');
    switch (option) {
    case 'b': case 'B': case 'h': case 'H': case 'l': case 'L': case 'T': case 'i': case 'I':
      put_integer(bytes, integer_bits(luaL_checknumber(L, argument++)), size, format.is_little);
      luaL_addlstring(&buffer, bytes, size);
      break;
    case 'x': luaL_addchar(&buffer, '\0'); break;
    case 'f': {
      float number = (float)luaL_checknumber(L, argument++);
      uint32_t bits;
      memcpy(&bits, &number, sizeof bits);
      put_integer(bytes, bits, sizeof bits, format.is_little);
      luaL_addlstring(&buffer, bytes, sizeof bits);
      break;
    }
    case 'd': {
      double number = luaL_checknumber(L, argument++);
      uint64_t bits;
      memcpy(&bits, &number, sizeof bits);
      put_integer(bytes, bits, sizeof bits, format.is_little);
      luaL_addlstring(&buffer, bytes, sizeof bits);
      break;
    }
    case 'c': case 's': {
      size_t length;
      const char *text = luaL_checklstring(L, argument++, &length);
      if (size == 0) size = length;
      luaL_argcheck(L, length >= size, argument, "string too short");
      luaL_addlstring(&buffer, text, size);
      if (option == 's') {
        luaL_addchar(&buffer, '\0');
        size++;
      }
      break;
    }
    default: apply_control(&format, option);
    }
    position += size;
  }
  luaL_pushresult(&buffer);
  return 1;
}

/// Refuses `size` bytes at `position` if the data has not so many.
static void check_room(lua_State *L, size_t count, size_t position, size_t size) {
  luaL_argcheck(L, size <= count && position <= count - size, 2, "data string too short");
}

static int struct_unpack(lua_State *L) {
  Format format = check_format(L);
  size_t count;
  const char *data = luaL_checklstring(L, 2, &count);
  // An offset below 0 is far beyond any data; unsigned, so that steps from there are defined and then refused.
  size_t position = (size_t)luaL_optinteger(L, 3, 1);
  luaL_argcheck(L, position > 0, 3, "offset must be 1 or greater");
  position--;
  int results = 0;
  while (*format.rest != '\0') {
    char option = *format.rest++;
    size_t size = next_size(&format, option);
    position += padding(&format, option, size, position);
    check_room(L, count, position, size);
    luaL_checkstack(L, 2, "too many results");
    const char *item = data + position;
    switch (option) {
    case 'b': case 'B': case 'h': case 'H': case 'l': case 'L': case 'T': case 'i': case 'I': {
      uint64_t bits = get_integer(item, size, format.is_little);
      lua_pushnumber(L, is_lower(option) ? signed_value(bits, size) : (lua_Number)bits);
      results++;
      break;
    }
    case 'x': break;
    case 'f': {
      uint32_t bits = (uint32_t)get_integer(item, size, format.is_little);
      float number;
      memcpy(&number, &bits, sizeof number);
      lua_pushnumber(L, number);
      results++;
      break;
    }
    case 'd': {
      uint64_t bits = get_integer(item, size, format.is_little);
      double number;
      memcpy(&number, &bits, sizeof number);
      lua_pushnumber(L, number);
      results++;
      break;
    }
    case 'c':
      if (size == 0) {
        if (results == 0 || !lua_isnumber(L, -1)) luaL_error(L, "format 'c0' needs a previous size");
        size = (size_t)integer_bits(lua_tonumber(L, -1));  // below 0 more than there is
        lua_pop(L, 1);
        results--;
        check_room(L, count, position, size);
      }
      lua_pushlstring(L, item, size);
      results++;
      break;
    case 's': {
      const char *end = memchr(item, '\0', count - position);
      if (end == NULL) luaL_error(L, "unfinished string in data");
      size = (size_t)(end - item) + 1;
      lua_pushlstring(L, item, size - 1);
      results++;
      break;
    }
    default: apply_control(&format, option);
    }
    position += size;
  }
  luaL_checkstack(L, 1, "too many results");
  lua_pushinteger(L, (lua_Integer)(position + 1));
  return results + 1;
}

/// Letters and digits that mean nothing count for nothing here, as in Redis.
static int struct_size(lua_State *L) {
  Format format = check_format(L);
  size_t position = 0;
  while (*format.rest != '\0') {
    char option = *format.rest++;
    size_t size = next_size(&format, option);
    position += padding(&format, option, size, position);
    if (option == 's') luaL_argerror(L, 1, "option 's' has no fixed size");
    if (option == 'c' && size == 0) luaL_argerror(L, 1, "option 'c0' has no fixed size");
    if (!is_alphanumeric(option)) apply_control(&format, option);
    if (size > (size_t)PTRDIFF_MAX - position) luaL_error(L, "integral size overflow");
    position += size;
  }
  lua_pushinteger(L, (lua_Integer)position);
  return 1;
}

int cambium_open_struct(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"pack", struct_pack}, {"unpack", struct_unpack}, {"size", struct_size}, {NULL, NULL}};
  lua_newtable(L);
  set_functions(L, functions);
  return 1;
}
