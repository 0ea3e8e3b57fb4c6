#include "lua_machine.h"

#include <string.h>

// Functions of Lua's own libraries that are replaced: those that see through protected tables, those with which a script
// could crash or stall the server, and pcall, which gives scripts an error's text where Redis 7 has a table.

// MARK: Tables

static int next_field(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (cambium_push_protected(L, 1)) lua_replace(L, 1);
  if (lua_next(L, 1)) return 2;
  lua_pushnil(L);
  return 1;
}

static int pairs(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static int raw_get(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  if (cambium_push_protected(L, 1)) lua_replace(L, 1);
  lua_rawget(L, 1);
  return 1;
}

static void demand_writable(lua_State *L) {
  if (cambium_push_protected(L, 1)) cambium_refuse_write(L);
}

static int raw_set(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  demand_writable(L);
  lua_rawset(L, 1);
  return 1;
}

static int set_metatable(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argcheck(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table expected");
  if (luaL_getmetafield(L, 1, "__metatable")) return luaL_error(L, "cannot change a protected metatable");
  lua_settop(L, 2);
  demand_writable(L);
  lua_setmetatable(L, 1);
  return 1;
}

static int table_insert(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  int end = (int)lua_objlen(L, 1) + 1;
  int position = end;
  switch (lua_gettop(L)) {
  case 2: break;
  case 3:
    position = luaL_checkint(L, 2);
    if (position > end) end = position;
    break;
  default: return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  demand_writable(L);
  for (int at = end; at > position; at--) {
    lua_rawgeti(L, 1, at - 1);
    lua_rawseti(L, 1, at);
  }
  lua_rawseti(L, 1, position);
  return 0;
}

static int table_foreach(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (cambium_push_protected(L, 1)) lua_replace(L, 1);
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_call(L, 2, 1);
    if (!lua_isnil(L, -1)) return 1;
    lua_pop(L, 2);
  }
  return 0;
}

/// Lua's own reckons the number in an int, and a compiler may take it that this does not overflow.
static int unpack(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  int64_t first = luaL_optint(L, 2, 1);
  int64_t last = lua_isnoneornil(L, 3) ? (int64_t)lua_objlen(L, 1) : luaL_checkint(L, 3);
  if (first > last) return 0;
  int64_t count = last - first + 1;
  if (count > LUAI_MAXCSTACK || !lua_checkstack(L, (int)count)) return luaL_error(L, "too many results to unpack");
  for (int64_t at = first; at <= last; at++) lua_rawgeti(L, 1, (int)at);
  return (int)count;
}

// MARK: Code

static int loaded(lua_State *L, int status) {
  if (status == 0) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

static int load_string(lua_State *L) {
  size_t count;
  const char *code = luaL_checklstring(L, 1, &count);
  const char *name = luaL_optstring(L, 2, code);
  return loaded(L, cambium_load_text(L, code, count, name));
}

// Where `load` keeps things on its stack.
enum { LOAD_FUNCTION = 1, LOAD_NAME = 2, LOAD_PIECE = 3 };

/// Gives the parser what the script's function returns. Bytecode is put behind a space, so that it is read as text.
static const char *read_piece(lua_State *L, void *context, size_t *count) {
  int *has_begun = context;
  *count = 0;
  luaL_checkstack(L, 2, "too many nested functions");
  // The piece before which a space was put.
  if (*has_begun == 2) {
    *has_begun = 1;
    return lua_tolstring(L, LOAD_PIECE, count);
  }
  lua_pushvalue(L, LOAD_FUNCTION);
  lua_call(L, 0, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return NULL;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "reader function must return a string");
  // It stays there while it is read.
  lua_replace(L, LOAD_PIECE);
  const char *piece = lua_tolstring(L, LOAD_PIECE, count);
  if (!*has_begun && *count > 0) {
    *has_begun = 1;
    if (piece[0] == LUA_SIGNATURE[0]) {
      *has_begun = 2;
      *count = 1;
      return " ";
    }
  }
  return piece;
}

/// load. The name stays on the stack as a string of its own: Lua keeps it nowhere while the parser calls the script's
/// function, and the collector would take it (CVE-2025-49844).
static int load(lua_State *L) {
  const char *name = luaL_optstring(L, 2, "=(load)");
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_pushstring(L, name);
  lua_replace(L, LOAD_NAME);
  lua_settop(L, LOAD_PIECE);
  int has_begun = 0;
  return loaded(L, lua_load(L, read_piece, &has_begun, lua_tostring(L, LOAD_NAME)));
}

static int protected_call(lua_State *L) {
  luaL_checkany(L, 1);
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  // Lua does not collect before it refuses, and the script goes on.
  if (status == LUA_ERRMEM) cambium_collect(L);
  if (status != 0 && lua_istable(L, -1)) {
    lua_pushliteral(L, "err");
    lua_rawget(L, -2);
    if (lua_isstring(L, -1)) lua_replace(L, -2); else lua_pop(L, 1);
  }
  // A function may have returned as much as the stack takes.
  if (!lua_checkstack(L, 1)) {
    lua_settop(L, 0);
    lua_pushboolean(L, 0);
    lua_pushliteral(L, "stack overflow");
    return 2;
  }
  lua_pushboolean(L, status == 0);
  lua_insert(L, 1);
  return lua_gettop(L);
}

/// What would keep garbage for the scripts that come after, or take the collector's pace from it, has no effect.
static int collect_garbage(lua_State *L) {
  static const char *const names[] = {"collect", "count", "step", "stop", "restart", "setpause", "setstepmul", NULL};
  int option = luaL_checkoption(L, 1, "collect", names);
  int amount = luaL_optint(L, 2, 0);
  switch (option) {
  case 0: lua_pushnumber(L, lua_gc(L, LUA_GCCOLLECT, 0)); break;
  case 1: lua_pushnumber(L, lua_gc(L, LUA_GCCOUNT, 0) + lua_gc(L, LUA_GCCOUNTB, 0) / 1024.0); break;
  case 2: lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, amount)); break;
  case 5:
  case 6: lua_pushnumber(L, 200); break;
  default: lua_pushnumber(L, 0);
  }
  return 1;
}

// MARK: Strings

static int string_rep(lua_State *L) {
  size_t count;
  const char *text = luaL_checklstring(L, 1, &count);
  int times = luaL_checkint(L, 2);
  if (times <= 0 || count == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (count > machine_of(L)->limit / (size_t)times) return luaL_error(L, "resulting string too large");
  char *repeated = lua_newuserdata(L, count * (size_t)times);
  if (count == 1) {
    memset(repeated, *text, (size_t)times);
  } else {
    for (int index = 0; index < times; index++) memcpy(repeated + (size_t)index * count, text, count);
  }
  lua_pushlstring(L, repeated, count * (size_t)times);
  return 1;
}

// Lua's own, of which every copy has the same.
static lua_CFunction original_find, original_match, original_gmatch, original_gsub;

/// Lua matches every repetition and capture in a call within a call, without a bound, so that a pattern of a million of
/// them would overflow the stack of the thread.
static void demand_simple_pattern(lua_State *L) {
  enum { LIMIT = 2000 };
  if (lua_type(L, 2) != LUA_TSTRING) return;
  size_t count;
  const char *pattern = lua_tolstring(L, 2, &count);
  if (count <= LIMIT) return;
  size_t depth = 0;
  for (size_t index = 0; index < count; index++) depth += pattern[index] != 0 && strchr("()*+?-", pattern[index]) != NULL;
  if (depth > LIMIT) luaL_error(L, "pattern too complex");
}

static int string_find(lua_State *L) {
  if (!lua_toboolean(L, 4)) demand_simple_pattern(L);
  return original_find(L);
}

static int string_match(lua_State *L) {
  demand_simple_pattern(L);
  return original_match(L);
}

static int string_gmatch(lua_State *L) {
  demand_simple_pattern(L);
  return original_gmatch(L);
}

static int string_gsub(lua_State *L) {
  demand_simple_pattern(L);
  return original_gsub(L);
}

static lua_CFunction replace(lua_State *L, const char *name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_CFunction original = lua_tocfunction(L, -1);
  lua_pop(L, 1);
  cambium_add_function(L, name, function);
  return original;
}

void cambium_replace_base(lua_State *L) {
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  replace(L, "next", next_field);
  lua_getfield(L, -1, "next");
  lua_pushcclosure(L, pairs, 1);
  lua_setfield(L, -2, "pairs");
  replace(L, "rawget", raw_get);
  replace(L, "rawset", raw_set);
  replace(L, "setmetatable", set_metatable);
  replace(L, "unpack", unpack);
  replace(L, "loadstring", load_string);
  replace(L, "load", load);
  replace(L, "pcall", protected_call);
  replace(L, "collectgarbage", collect_garbage);
  lua_getglobal(L, "table");
  replace(L, "insert", table_insert);
  replace(L, "foreach", table_foreach);
  lua_getglobal(L, "string");
  replace(L, "rep", string_rep);
  original_find = replace(L, "find", string_find);
  original_match = replace(L, "match", string_match);
  original_gmatch = replace(L, "gmatch", string_gmatch);
  replace(L, "gfind", string_gmatch);
  original_gsub = replace(L, "gsub", string_gsub);
  lua_settop(L, 0);
}
