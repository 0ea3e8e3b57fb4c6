// cjson: JSON, as Redis's scripts have it. Its settings are in a userdata that is the upvalue of each of its functions.
//
//     encode    a table with keys 1 to n, or nearly so, is an array, any other (and an empty one) an object; null is a
//               null pointer; bytes from 128 on pass as they are
//     decode    numbers are read by strtod, so hexadecimal, inf and nan are taken unless decode_invalid_numbers(false);
//               a zero byte ends the text
//
// Both walk nested tables by recursion. The depth is bounded by the setting (1000 at first), and whatever that is set
// to by Lua's stack, of which each level keeps a slot.

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "include/cambium_lua_libraries.h"
#include "lua_bytes.h"

// Settings

/// Numbers that JSON has not: refused, written as they are, or as null.
enum { invalid_refused = 0, invalid_written = 1, invalid_null = 2 };

typedef struct {
  int sparse_convert, sparse_ratio, sparse_safe;
  int encode_max_depth, decode_max_depth;
  int encode_invalid_numbers, decode_invalid_numbers;
  int number_precision;
  int keep_buffer;  // without effect: buffers belong to the collector
} Settings;

static const Settings defaults = {
  .sparse_convert = 0,
  .sparse_ratio = 2,
  .sparse_safe = 10,
  .encode_max_depth = 1000,
  .decode_max_depth = 1000,
  .encode_invalid_numbers = invalid_refused,
  .decode_invalid_numbers = 1,
  .number_precision = 14,
  .keep_buffer = 1,
};

static Settings *own_settings(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(1)); }

/// Fills up to `count` arguments with nil; more are refused.
static Settings *check_options(lua_State *L, int count) {
  luaL_argcheck(L, lua_gettop(L) <= count, count + 1, "found too many arguments");
  lua_settop(L, count);
  return own_settings(L);
}

/// Sets an integer, unless the argument is nil, and pushes what it is. A bad value is always blamed on argument 1.
static void integer_option(lua_State *L, int argument, int *setting, int least, int most) {
  if (!lua_isnil(L, argument)) {
    int value = (int)luaL_checkinteger(L, argument);
    if (value < least || value > most)
      luaL_argerror(L, 1, lua_pushfstring(L, "expected integer between %d and %d", least, most));
    *setting = value;
  }
  lua_pushinteger(L, *setting);
}

/// Sets one of `names`, of which the first two are also false and true, and pushes what it is.
static void named_option(lua_State *L, int argument, int *setting, const char *const names[]) {
  if (lua_isboolean(L, argument)) *setting = lua_toboolean(L, argument);
  else if (!lua_isnil(L, argument)) *setting = luaL_checkoption(L, argument, NULL, names);
  if (*setting <= 1) lua_pushboolean(L, *setting);
  else lua_pushstring(L, names[*setting]);
}

static const char *const off_on[] = {"off", "on", NULL};

static int cjson_encode_sparse_array(lua_State *L) {
  Settings *settings = check_options(L, 3);
  named_option(L, 1, &settings->sparse_convert, off_on);
  integer_option(L, 2, &settings->sparse_ratio, 0, INT_MAX);
  integer_option(L, 3, &settings->sparse_safe, 0, INT_MAX);
  return 3;
}

static int cjson_encode_max_depth(lua_State *L) {
  integer_option(L, 1, &check_options(L, 1)->encode_max_depth, 1, INT_MAX);
  return 1;
}

static int cjson_decode_max_depth(lua_State *L) {
  integer_option(L, 1, &check_options(L, 1)->decode_max_depth, 1, INT_MAX);
  return 1;
}

static int cjson_encode_number_precision(lua_State *L) {
  integer_option(L, 1, &check_options(L, 1)->number_precision, 1, 14);
  return 1;
}

static int cjson_encode_keep_buffer(lua_State *L) {
  named_option(L, 1, &check_options(L, 1)->keep_buffer, off_on);
  return 1;
}

static int cjson_encode_invalid_numbers(lua_State *L) {
  static const char *const names[] = {"off", "on", "null", NULL};
  named_option(L, 1, &check_options(L, 1)->encode_invalid_numbers, names);
  return 1;
}

static int cjson_decode_invalid_numbers(lua_State *L) {
  named_option(L, 1, &check_options(L, 1)->decode_invalid_numbers, off_on);
  return 1;
}

// Encoding

typedef struct {
  lua_State *L;
  const Settings *settings;
  Bytes *text;
} Encoder;

static void encode_error(Encoder *encoder, int index, const char *reason) {
  bytes_release(encoder->text);
  luaL_error(encoder->L, "Cannot serialise %s: %s", luaL_typename(encoder->L, index), reason);
}

/// The letter after the backslash for a byte escaped by one, `u` for a byte written as a number, 0 for a plain one.
static char escape_letter(unsigned char byte) {
  switch (byte) {
  case '"': case '\\': case '/': return (char)byte;
  case '\b': return 'b';
  case '\t': return 't';
  case '\n': return 'n';
  case '\f': return 'f';
  case '\r': return 'r';
  default: return byte < 0x20 || byte == 0x7f ? 'u' : 0;
  }
}

static void append_string(Encoder *encoder, int index) {
  Bytes *text = encoder->text;
  size_t count;
  const char *string = lua_tolstring(encoder->L, index, &count);
  bytes_append_byte(text, '"');
  size_t plain = 0;  // where the stretch of plain bytes began
  for (size_t position = 0; position < count; position++) {
    unsigned char byte = (unsigned char)string[position];
    char letter = escape_letter(byte);
    if (letter == 0) continue;
    bytes_append(text, string + plain, position - plain);
    plain = position + 1;
    if (letter == 'u') {
      static const char digits[] = "0123456789abcdef";
      char escape[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
      bytes_append(text, escape, sizeof escape);
    } else {
      char escape[] = {'\\', letter};
      bytes_append(text, escape, sizeof escape);
    }
  }
  bytes_append(text, string + plain, count - plain);
  bytes_append_byte(text, '"');
}

static void append_number(Encoder *encoder, int index) {
  lua_Number number = lua_tonumber(encoder->L, index);
  if (!isfinite(number)) {
    int rule = encoder->settings->encode_invalid_numbers;
    if (rule == invalid_refused) encode_error(encoder, index, "must not be NaN or Inf");
    if (rule == invalid_null) {
      bytes_append(encoder->text, "null", 4);
      return;
    }
    if (isnan(number)) {  // whose sign printf would show
      bytes_append(encoder->text, "nan", 3);
      return;
    }
  }
  enum { longest = 32 };  // 14 digits, point, two signs, exponent: 22
  char *target = bytes_reserve(encoder->text, longest);
  int count = snprintf(target, longest, "%.*g", encoder->settings->number_precision, number);
  if (count > 0 && count < longest) encoder->text->count += (size_t)count;
}

/// The number of elements of the table on top of the stack if it is an array, with holes if they are not too many, or
/// 0 if it is an object.
static int array_count(Encoder *encoder) {
  lua_State *L = encoder->L;
  lua_Number largest = 0, items = 0;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
    if (!(key >= 1) || floor(key) != key) {
      lua_pop(L, 2);
      return 0;
    }
    items++;
    if (key > largest) largest = key;
  }
  // A key past the integers of C makes an object, as in Redis; also beside lesser keys, where Redis may lose it.
  if (largest > INT_MAX) return 0;
  const Settings *settings = encoder->settings;
  if (settings->sparse_ratio > 0 && largest > items * settings->sparse_ratio && largest > settings->sparse_safe) {
    if (!settings->sparse_convert) encode_error(encoder, -1, "excessively sparse array");
    return 0;
  }
  return (int)largest;
}

static void append_value(Encoder *encoder, int depth);

static void append_array(Encoder *encoder, int depth, int count) {
  bytes_append_byte(encoder->text, '[');
  for (int index = 1; index <= count; index++) {
    if (index > 1) bytes_append_byte(encoder->text, ',');
    lua_rawgeti(encoder->L, -1, index);
    append_value(encoder, depth);
    lua_pop(encoder->L, 1);
  }
  bytes_append_byte(encoder->text, ']');
}

static void append_object(Encoder *encoder, int depth) {
  lua_State *L = encoder->L;
  Bytes *text = encoder->text;
  bytes_append_byte(text, '{');
  int is_first = 1;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    if (!is_first) bytes_append_byte(text, ',');
    is_first = 0;
    switch (lua_type(L, -2)) {
    case LUA_TNUMBER:
      bytes_append_byte(text, '"');
      append_number(encoder, -2);
      bytes_append_byte(text, '"');
      break;
    case LUA_TSTRING: append_string(encoder, -2); break;
    default: encode_error(encoder, -2, "table key must be a number or string");
    }
    bytes_append_byte(text, ':');
    append_value(encoder, depth);
  }
  bytes_append_byte(text, '}');
}

/// Appends the value on top of the stack and leaves it there; `depth` tables are around it. A table wants two slots
/// above it, for a key and its value.
static void append_value(Encoder *encoder, int depth) {
  lua_State *L = encoder->L;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING: append_string(encoder, -1); return;
  case LUA_TNUMBER: append_number(encoder, -1); return;
  case LUA_TNIL: bytes_append(encoder->text, "null", 4); return;
  case LUA_TBOOLEAN:
    if (lua_toboolean(L, -1)) bytes_append(encoder->text, "true", 4);
    else bytes_append(encoder->text, "false", 5);
    return;
  case LUA_TLIGHTUSERDATA:
    if (lua_touserdata(L, -1) != NULL) break;
    bytes_append(encoder->text, "null", 4);
    return;
  case LUA_TTABLE: {
    depth++;
    if (depth > encoder->settings->encode_max_depth || !lua_checkstack(L, 2)) {
      bytes_release(encoder->text);
      luaL_error(L, "Cannot serialise, excessive nesting (%d)", depth);
    }
    int count = array_count(encoder);
    if (count > 0) append_array(encoder, depth, count);
    else append_object(encoder, depth);
    return;
  }
  }
  encode_error(encoder, -1, "type not supported");
}

static int cjson_encode(lua_State *L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  luaL_checkstack(L, 4, "in cjson.encode");
  Encoder encoder = {.L = L, .settings = own_settings(L), .text = bytes_open(L, 1)};
  append_value(&encoder, 0);
  bytes_push(encoder.text);
  return 1;
}

// Decoding

/// What a token is. The names stand in error texts.
typedef enum {
  object_begin, object_end, array_begin, array_end, string_token, number_token, boolean_token, null_token, colon,
  comma, end_of_text, bad_token
} Kind;

static const char *const kind_names[] = {
  "T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER",
  "T_BOOLEAN",   "T_NULL",    "T_COLON",     "T_COMMA",   "T_END",    "T_ERROR",
};

/// Reads the string at stack index 1, whose end is marked by a zero byte, so that looking one byte ahead, one byte at a
/// time, never leaves it. The last token is in the fields after `next`.
typedef struct {
  lua_State *L;
  const Settings *settings;
  const char *start, *next;
  size_t count;
  int depth;
  char *scratch;  // for strings with escapes: a userdata at stack index 2, once there has been one
  Kind kind;
  size_t position;     // of the token, or of what is wrong in it
  const char *string;  // a string's bytes, or what is wrong
  size_t string_count;
  lua_Number number;  // also a boolean's value
} Decoder;

static void set_bad(Decoder *decoder, const char *reason) {
  decoder->kind = bad_token;
  decoder->position = (size_t)(decoder->next - decoder->start);
  decoder->string = reason;
}

/// Says what was expected in the place of the token at hand.
static void unexpected(Decoder *decoder, const char *expected) {
  const char *found = decoder->kind == bad_token ? decoder->string : kind_names[decoder->kind];
  luaL_error(
    decoder->L, "Expected %s but found %s at character %d", expected, found, (int)(decoder->position + 1));
}

/// Four hexadecimal digits, or -1.
static int32_t hexadecimal(const char *text) {
  int32_t value = 0;
  for (int index = 0; index < 4; index++) {
    char c = text[index];
    if (c >= '0' && c <= '9') value = value << 4 | (c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') value = value << 4 | ((c | 0x20) - 'a' + 10);
    else return -1;
  }
  return value;
}

// The code point of the \u escape at `text`, of two of them if the first is a surrogate; -1 if it is none. Sets how
// many bytes of text it takes.
static int32_t code_point(const char *text, size_t *count) {
  int32_t unit = hexadecimal(text + 2);
  *count = 6;
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  if (unit >= 0xdc00 || text[6] != '\\' || text[7] != 'u') return -1;
  int32_t low = hexadecimal(text + 8);
  if (low < 0xdc00 || low > 0xdfff) return -1;
  *count = 12;
  return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

/// Writes a code point's 1 to 4 bytes of UTF-8, fewer than the escape had; returns what follows them.
static char *put_utf8(char *target, int32_t point) {
  if (point < 0x80) {
    *target++ = (char)point;
    return target;
  }
  int following = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
  *target++ = (char)(leads[following] | point >> (6 * following));
  while (following-- > 0) *target++ = (char)(0x80 | (point >> (6 * following) & 0x3f));
  return target;
}

/// What the letter after a backslash stands for, or 0.
static char unescaped(char letter) {
  switch (letter) {
  case '"': case '\\': case '/': return letter;
  case 'b': return '\b';
  case 't': return '\t';
  case 'n': return '\n';
  case 'f': return '\f';
  case 'r': return '\r';
  default: return 0;
  }
}

/// The rest of a string from its first escape on; `begin` is where its contents begin.
static void read_escaped(Decoder *decoder, const char *begin) {
  if (decoder->scratch == NULL) {
    // No string from here on is longer than the text that is left.
    decoder->scratch = lua_newuserdata(decoder->L, decoder->count - (size_t)(begin - decoder->start) + 1);
    lua_replace(decoder->L, 2);
  }
  char *target = decoder->scratch;
  memcpy(target, begin, (size_t)(decoder->next - begin));
  target += decoder->next - begin;
  for (char c; (c = *decoder->next) != '"';) {
    if (c == '\0') {
      set_bad(decoder, "unexpected end of string");
      return;
    }
    if (c != '\\') {
      *target++ = c;
      decoder->next++;
    } else if (decoder->next[1] == 'u') {
      size_t count;
      int32_t point = code_point(decoder->next, &count);
      if (point < 0) {
        set_bad(decoder, "invalid unicode escape code");
        return;
      }
      target = put_utf8(target, point);
      decoder->next += count;
    } else {
      c = unescaped(decoder->next[1]);
      if (c == 0) {
        set_bad(decoder, "invalid escape code");
        return;
      }
      *target++ = c;
      decoder->next += 2;
    }
  }
  decoder->next++;
  decoder->string = decoder->scratch;
  decoder->string_count = (size_t)(target - decoder->scratch);
}

/// A string, after its first quote.
static void read_string(Decoder *decoder) {
  decoder->kind = string_token;
  const char *begin = decoder->next;
  for (char c; (c = *decoder->next) != '"'; decoder->next++) {
    if (c == '\\') {
      read_escaped(decoder, begin);
      return;
    }
    if (c == '\0') {
      set_bad(decoder, "unexpected end of string");
      return;
    }
  }
  decoder->string = begin;
  decoder->string_count = (size_t)(decoder->next - begin);
  decoder->next++;
}

/// Whether JSON has no such number though strtod does: signs, leading zeros, hexadecimal, inf and nan.
static int is_invalid_number(const char *text) {
  if (*text == '+') return 1;
  if (*text == '-') text++;
  if (*text == '0') return (text[1] | 0x20) == 'x' || (text[1] >= '0' && text[1] <= '9');
  return strncasecmp(text, "inf", 3) == 0 || strncasecmp(text, "nan", 3) == 0;
}

static void read_number(Decoder *decoder) {
  char *end;
  decoder->kind = number_token;
  decoder->number = strtod(decoder->next, &end);
  if (end == decoder->next) set_bad(decoder, "invalid number");
  else decoder->next = end;
}

static int skip_word(Decoder *decoder, const char *word) {
  size_t count = strlen(word);
  if (strncmp(decoder->next, word, count) != 0) return 0;
  decoder->next += count;
  return 1;
}

static void read_word(Decoder *decoder) {
  if (skip_word(decoder, "true")) {
    decoder->kind = boolean_token;
    decoder->number = 1;
  } else if (skip_word(decoder, "false")) {
    decoder->kind = boolean_token;
    decoder->number = 0;
  } else if (skip_word(decoder, "null")) {
    decoder->kind = null_token;
  } else if (decoder->settings->decode_invalid_numbers && is_invalid_number(decoder->next)) {
    read_number(decoder);
  } else {
    set_bad(decoder, "invalid token");
  }
}

static void read_token(Decoder *decoder) {
  while (*decoder->next == ' ' || *decoder->next == '\t' || *decoder->next == '\n' || *decoder->next == '\r')
    decoder->next++;
  decoder->position = (size_t)(decoder->next - decoder->start);
  switch (*decoder->next) {
  case '{': decoder->kind = object_begin; break;
  case '}': decoder->kind = object_end; break;
  case '[': decoder->kind = array_begin; break;
  case ']': decoder->kind = array_end; break;
  case ':': decoder->kind = colon; break;
  case ',': decoder->kind = comma; break;
  case '\0': decoder->kind = end_of_text; return;
  case '"': decoder->next++; read_string(decoder); return;
  case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
    if (!decoder->settings->decode_invalid_numbers && is_invalid_number(decoder->next))
      set_bad(decoder, "invalid number");
    else read_number(decoder);
    return;
  default: read_word(decoder); return;
  }
  decoder->next++;
}

/// Goes one level deeper, with `slots` free for it.
static void descend(Decoder *decoder, int slots) {
  decoder->depth++;
  if (decoder->depth > decoder->settings->decode_max_depth || !lua_checkstack(decoder->L, slots))
    luaL_error(
      decoder->L, "Found too many nested data structures (%d) at character %d", decoder->depth,
      (int)(decoder->next - decoder->start));
}

static void push_value(Decoder *decoder);

/// Pushes an object, after its brace.
static void push_object(Decoder *decoder) {
  lua_State *L = decoder->L;
  descend(decoder, 3);  // the table, a key, and its value
  lua_newtable(L);
  read_token(decoder);
  if (decoder->kind == object_end) return;
  for (;; read_token(decoder)) {
    if (decoder->kind != string_token) unexpected(decoder, "object key string");
    lua_pushlstring(L, decoder->string, decoder->string_count);
    read_token(decoder);
    if (decoder->kind != colon) unexpected(decoder, "colon");
    read_token(decoder);
    push_value(decoder);
    lua_rawset(L, -3);
    read_token(decoder);
    if (decoder->kind == object_end) return;
    if (decoder->kind != comma) unexpected(decoder, "comma or object end");
  }
}

/// Pushes an array, after its bracket.
static void push_array(Decoder *decoder) {
  lua_State *L = decoder->L;
  descend(decoder, 2);  // the table and an element
  lua_newtable(L);
  read_token(decoder);
  if (decoder->kind == array_end) return;
  for (int index = 1;; index++, read_token(decoder)) {  // Lua refuses a table long before 2^31 elements
    push_value(decoder);
    lua_rawseti(L, -2, index);
    read_token(decoder);
    if (decoder->kind == array_end) return;
    if (decoder->kind != comma) unexpected(decoder, "comma or array end");
  }
}

/// Pushes the value that begins with the token at hand.
static void push_value(Decoder *decoder) {
  lua_State *L = decoder->L;
  switch (decoder->kind) {
  case string_token: lua_pushlstring(L, decoder->string, decoder->string_count); return;
  case number_token: lua_pushnumber(L, decoder->number); return;
  case boolean_token: lua_pushboolean(L, decoder->number != 0); return;
  case null_token: lua_pushlightuserdata(L, NULL); return;  // nil would take the key out of the table
  case object_begin: push_object(decoder); break;
  case array_begin: push_array(decoder); break;
  default: unexpected(decoder, "value");
  }
  decoder->depth--;
}

static int cjson_decode(lua_State *L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  Decoder decoder = {.L = L, .settings = own_settings(L)};
  decoder.start = decoder.next = luaL_checklstring(L, 1, &decoder.count);
  // The first character of any JSON text is ASCII, which both UTF-16 and UTF-32 write with a zero byte.
  if (decoder.count >= 2 && (decoder.start[0] == '\0' || decoder.start[1] == '\0'))
    return luaL_error(L, "JSON parser does not support UTF-16 or UTF-32");
  lua_pushnil(L);  // where the scratch space goes
  read_token(&decoder);
  push_value(&decoder);
  read_token(&decoder);
  if (decoder.kind != end_of_text) unexpected(&decoder, "the end");
  return 1;
}

static int cjson_new(lua_State *L) { return cambium_open_cjson(L); }

int cambium_open_cjson(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"encode", cjson_encode},
    {"decode", cjson_decode},
    {"encode_sparse_array", cjson_encode_sparse_array},
    {"encode_max_depth", cjson_encode_max_depth},
    {"decode_max_depth", cjson_decode_max_depth},
    {"encode_number_precision", cjson_encode_number_precision},
    {"encode_keep_buffer", cjson_encode_keep_buffer},
    {"encode_invalid_numbers", cjson_encode_invalid_numbers},
    {"decode_invalid_numbers", cjson_decode_invalid_numbers},
    {"new", cjson_new},
    {NULL, NULL},
  };
  luaL_checkstack(L, 4, "in cjson.new");
  lua_newtable(L);
  *(Settings *)lua_newuserdata(L, sizeof(Settings)) = defaults;
  for (const luaL_Reg *function = functions; function->name != NULL; function++) {
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, function->func, 1);
    lua_setfield(L, -3, function->name);
  }
  lua_pop(L, 1);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  set_text(L, "_NAME", "cjson");
  set_text(L, "_VERSION", "2.1.0");  // the one whose behaviour this has
  return 1;
}
