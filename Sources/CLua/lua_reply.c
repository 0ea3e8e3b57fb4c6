#include "lua_machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Replies of commands as values of Lua, and values of Lua as replies to the client: the rules are Redis's.

// MARK: From replies to Lua

/// Reads a whole number and the line end behind it.
static const char *read_integer(const char *at, const char *end, int64_t *number) {
  int is_negative = at < end && *at == '-';
  if (is_negative) at++;
  uint64_t magnitude = 0;
  while (at < end && *at != '\r') magnitude = magnitude * 10 + (uint64_t)(*at++ - '0');
  *number = is_negative ? (int64_t)-magnitude : (int64_t)magnitude;
  return at + 2;
}

static const char *line_end(lua_State *L, const char *at, const char *end) {
  const char *found = at < end ? memchr(at, '\r', (size_t)(end - at)) : NULL;
  if (!found) luaL_error(L, "a reply without an end");
  return found;
}

/// Reads the length of a string, which must lie within the reply, or -1.
static const char *read_length(lua_State *L, const char *at, const char *end, int64_t *length) {
  at = read_integer(at, end, length);
  if (*length >= 0 && (at > end || *length > end - at)) luaL_error(L, "a reply without an end");
  return at;
}

/// Passes over a reply.
static const char *skip_reply(lua_State *L, const char *at, const char *end) {
  int top = lua_gettop(L);
  at = cambium_push_reply(L, at, end);
  lua_settop(L, top);
  return at;
}

static const char *push_pairs(lua_State *L, const char *at, const char *end, int64_t count) {
  lua_createtable(L, 0, 1);
  lua_createtable(L, 0, (int)count);
  for (int64_t index = 0; index < count; index++) {
    at = cambium_push_reply(L, at, end);
    at = cambium_push_reply(L, at, end);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "map");
  return at;
}

static const char *push_set(lua_State *L, const char *at, const char *end, int64_t count) {
  lua_createtable(L, 0, 1);
  lua_createtable(L, 0, (int)count);
  for (int64_t index = 0; index < count; index++) {
    at = cambium_push_reply(L, at, end);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "set");
  return at;
}

static const char *push_verbatim(lua_State *L, const char *at, const char *end) {
  int64_t length;
  at = read_length(L, at, end, &length);
  if (length < 4) luaL_error(L, "a verbatim string without a format");
  lua_createtable(L, 0, 1);
  lua_createtable(L, 0, 2);
  lua_pushlstring(L, at + 4, (size_t)length - 4);
  lua_setfield(L, -2, "string");
  lua_pushlstring(L, at, 3);
  lua_setfield(L, -2, "format");
  lua_setfield(L, -2, "verbatim_string");
  return at + length + 2;
}

/// Pushes a line of text as the only field of a table.
static const char *push_field(lua_State *L, const char *name, const char *at, const char *end) {
  end = line_end(L, at, end);
  lua_createtable(L, 0, 1);
  lua_pushlstring(L, at, (size_t)(end - at));
  lua_setfield(L, -2, name);
  return end + 2;
}

/// An error that was counted when its command was answered is not to be counted again when the script returns it.
static const char *push_failure(lua_State *L, const char *at, const char *end) {
  end = line_end(L, at, end);
  cambium_push_error(L, at - 1, (size_t)(end - at) + 1);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "ignore_error_stats_update");
  return end + 2;
}

static const char *push_double(lua_State *L, const char *at, const char *end) {
  end = line_end(L, at, end);
  lua_createtable(L, 0, 1);
  lua_pushnumber(L, strtod(at, NULL));
  lua_setfield(L, -2, "double");
  return end + 2;
}

const char *cambium_push_reply(lua_State *L, const char *at, const char *end) {
  luaL_checkstack(L, 8, "a reply is nested too deeply");
  if (at >= end) luaL_error(L, "a reply without an end");
  int64_t number;
  switch (*at++) {
  case '$':
    at = read_length(L, at, end, &number);
    if (number < 0) {
      lua_pushboolean(L, 0);
      return at;
    }
    lua_pushlstring(L, at, (size_t)number);
    return at + number + 2;
  case ':':
    at = read_integer(at, end, &number);
    lua_pushnumber(L, (lua_Number)number);
    return at;
  case '+': return push_field(L, "ok", at, end);
  case '-': return push_failure(L, at, end);
  case '*':
  case '>':
    at = read_length(L, at, end, &number);
    if (number < 0) {
      lua_pushboolean(L, 0);
      return at;
    }
    lua_createtable(L, (int)number, 0);
    for (int64_t index = 1; index <= number; index++) {
      at = cambium_push_reply(L, at, end);
      lua_rawseti(L, -2, (int)index);
    }
    return at;
  case '%':
    at = read_length(L, at, end, &number);
    return push_pairs(L, at, end, number);
  case '~':
    at = read_length(L, at, end, &number);
    return push_set(L, at, end, number);
  case ',': return push_double(L, at, end);
  case '_': lua_pushnil(L); return at + 2;
  case '#': lua_pushboolean(L, *at == 't'); return at + 3;
  case '(': return push_field(L, "big_number", at, end);
  case '=': return push_verbatim(L, at, end);
  case '|':
    // Attributes are not shown to scripts.
    at = read_length(L, at, end, &number);
    for (int64_t index = 0; index < 2 * number; index++) at = skip_reply(L, at, end);
    return cambium_push_reply(L, at, end);
  default: luaL_error(L, "a reply of an unknown type"); return end;
  }
}

// MARK: From Lua to replies

typedef struct {
  cambium_text *text;
  size_t limit;
  /// What the client speaks, and what the script has asked for.
  int protocol;
  int script_protocol;
  cambium_lua_run *run;
} writer;

static void put(writer *to, const char *bytes, size_t count) { text_append(to->text, to->limit, bytes, count); }

static void put_header(writer *to, char type, long long number) {
  char line[32];
  put(to, line, (size_t)snprintf(line, sizeof line, "%c%lld\r\n", type, number));
}

static void put_bulk(writer *to, const char *bytes, size_t count) {
  put_header(to, '$', (long long)count);
  put(to, bytes, count);
  put(to, "\r\n", 2);
}

/// A line of one type, in which what ends lines becomes spaces.
static void put_line(writer *to, char type, const char *bytes, size_t count) {
  put(to, &type, 1);
  size_t from = to->text->count;
  put(to, bytes, count);
  if (!to->text->is_broken) text_flatten(to->text, from);
  put(to, "\r\n", 2);
}

static void put_null(writer *to) { put(to, to->protocol == 2 ? "$-1\r\n" : "_\r\n", to->protocol == 2 ? 5 : 3); }

static void put_boolean(writer *to, int value) {
  if (to->script_protocol == 2) {
    if (value) put(to, ":1\r\n", 4); else put_null(to);
  } else if (to->protocol == 2) {
    put(to, value ? ":1\r\n" : ":0\r\n", 4);
  } else {
    put(to, value ? "#t\r\n" : "#f\r\n", 4);
  }
}

/// As a C cast does on most machines: what does not fit is the least number.
static void put_number(writer *to, double number) {
  int fits = number >= -9223372036854775808.0 && number < 9223372036854775808.0;
  put_header(to, ':', fits ? (long long)number : INT64_MIN);
}

static void put_double(writer *to, double number) {
  char digits[64];
  int count = isinf(number) ? snprintf(digits, sizeof digits, number > 0 ? "inf" : "-inf")
                            : snprintf(digits, sizeof digits, "%.17g", number);
  if (to->protocol == 2) put_bulk(to, digits, (size_t)count); else put_line(to, ',', digits, (size_t)count);
}

static void put_verbatim(writer *to, const char *format, const char *bytes, size_t count) {
  if (to->protocol == 2) return put_bulk(to, bytes, count);
  char name[4] = {' ', ' ', ' ', ':'};
  for (int index = 0; index < 3 && format[index]; index++) name[index] = format[index];
  put_header(to, '=', (long long)count + 4);
  put(to, name, 4);
  put(to, bytes, count);
  put(to, "\r\n", 2);
}

/// Pushes a field of the table on top, raw, and answers with its type.
static int field(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  return lua_type(L, -1);
}

/// Writes an error table, on top of the stack, with more about it behind the text if there is any.
static void put_error(lua_State *L, writer *to, const char *script) {
  char minus = '-';
  put(to, &minus, 1);
  size_t from = to->text->count;
  field(L, "err");
  size_t count;
  const char *text = lua_isstring(L, -1) ? lua_tolstring(L, -1, &count) : NULL;
  if (text) text_append_string(to->text, to->limit, text); else text_append_string(to->text, to->limit, "ERR unknown error");
  // Line ends at the end go, others become spaces.
  if (!to->text->is_broken) {
    while (to->text->count > from && strchr("\r\n", to->text->base[to->text->count - 1])) to->text->count--;
  }
  lua_pop(L, 1);
  field(L, "ignore_error_stats_update");
  to->run->is_counted = lua_isboolean(L, -1) && lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (script) {
    field(L, "source");
    lua_insert(L, -2);
    field(L, "line");
    // Stack: source, table, line.
    if (lua_isstring(L, -1) && lua_isstring(L, -3)) {
      text_append_string(to->text, to->limit, " script: ");
      text_append_string(to->text, to->limit, script);
      text_append_string(to->text, to->limit, ", on ");
      text_append_string(to->text, to->limit, lua_tostring(L, -3));
      text_append_string(to->text, to->limit, ":");
      text_append_string(to->text, to->limit, lua_tostring(L, -1));
      text_append_string(to->text, to->limit, ".");
    }
    lua_pop(L, 1);
    lua_remove(L, -2);
  }
  if (!to->text->is_broken) text_flatten(to->text, from);
  put(to, "\r\n", 2);
}

static void write_value(lua_State *L, writer *to);

/// Writes the keys of the table on top, with their values if it is a map.
static void put_collection(lua_State *L, writer *to, int is_map) {
  long long count = 0;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    count++;
    lua_pop(L, 1);
  }
  if (to->protocol == 2) put_header(to, '*', is_map ? 2 * count : count);
  else put_header(to, is_map ? '%' : '~', count);
  lua_pushnil(L);
  while (!to->text->is_broken && lua_next(L, -2)) {
    if (!is_map) lua_pop(L, 1);
    lua_pushvalue(L, is_map ? -2 : -1);
    write_value(L, to);
    if (is_map) write_value(L, to);
  }
}

static void put_array(lua_State *L, writer *to) {
  // The border of a sequence is where its first nil is, which need not be where `#` says.
  int count = 0;
  while (1) {
    lua_rawgeti(L, -1, count + 1);
    int is_end = lua_isnil(L, -1);
    lua_pop(L, 1);
    if (is_end) break;
    count++;
  }
  put_header(to, '*', count);
  for (int index = 1; index <= count && !to->text->is_broken; index++) {
    lua_rawgeti(L, -1, index);
    write_value(L, to);
  }
}

/// Writes the table on top as what its fields say that it is. Leaves the stack as it was, but for the top.
static void write_table(lua_State *L, writer *to) {
  int top = lua_gettop(L);
  if (field(L, "err") == LUA_TSTRING) {
    lua_settop(L, top);
    put_error(L, to, NULL);
    return;
  }
  lua_settop(L, top);
  if (field(L, "ok") == LUA_TSTRING) {
    const char *text = lua_tostring(L, -1);
    put_line(to, '+', text, strlen(text));
    return;
  }
  lua_settop(L, top);
  if (field(L, "double") == LUA_TNUMBER) {
    put_double(to, lua_tonumber(L, -1));
    return;
  }
  lua_settop(L, top);
  if (field(L, "big_number") == LUA_TSTRING) {
    size_t count;
    const char *digits = lua_tolstring(L, -1, &count);
    if (to->protocol == 2) {
      put_header(to, '$', (long long)count);
      size_t from = to->text->count;
      put(to, digits, count);
      if (!to->text->is_broken) text_flatten(to->text, from);
      put(to, "\r\n", 2);
    } else {
      put_line(to, '(', digits, count);
    }
    return;
  }
  lua_settop(L, top);
  if (field(L, "verbatim_string") == LUA_TTABLE && field(L, "format") == LUA_TSTRING) {
    const char *format = lua_tostring(L, -1);
    lua_insert(L, -2);
    if (field(L, "string") == LUA_TSTRING) {
      size_t count;
      const char *bytes = lua_tolstring(L, -1, &count);
      put_verbatim(to, format, bytes, count);
      return;
    }
  }
  lua_settop(L, top);
  if (field(L, "map") == LUA_TTABLE) return put_collection(L, to, 1);
  lua_settop(L, top);
  if (field(L, "set") == LUA_TTABLE) return put_collection(L, to, 0);
  lua_settop(L, top);
  put_array(L, to);
}

/// Writes the value on top, and pops it.
static void write_value(lua_State *L, writer *to) {
  int below = lua_gettop(L) - 1;
  if (!lua_checkstack(L, 6)) {
    put(to, "-ERR reached lua stack limit\r\n", 30);
    lua_settop(L, below);
    return;
  }
  switch (lua_type(L, -1)) {
  case LUA_TSTRING: {
    size_t count;
    const char *bytes = lua_tolstring(L, -1, &count);
    put_bulk(to, bytes, count);
    break;
  }
  case LUA_TBOOLEAN: put_boolean(to, lua_toboolean(L, -1)); break;
  case LUA_TNUMBER: put_number(to, lua_tonumber(L, -1)); break;
  case LUA_TTABLE: write_table(L, to); break;
  default: put_null(to);
  }
  lua_settop(L, below);
}

static writer writer_of(lua_State *L, cambium_lua_run *run) {
  cambium_lua *machine = machine_of(L);
  writer to = {&machine->text, machine->limit, run->protocol, machine->script_protocol, run};
  return to;
}

void cambium_write_reply(lua_State *L, cambium_lua_run *run) {
  writer to = writer_of(L, run);
  write_value(L, &to);
  // Only a reply that is an error as a whole may have been counted.
  if (to.text->count == 0 || to.text->base[0] != '-') run->is_counted = 0;
}

void cambium_write_failure(lua_State *L, cambium_lua_run *run) {
  writer to = writer_of(L, run);
  if (lua_istable(L, -1)) {
    put_error(L, &to, run->name);
    lua_pop(L, 1);
  } else {
    // The handler has not run: memory was short, or it has failed itself.
    lua_error(L);
  }
}
