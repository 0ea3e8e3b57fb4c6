#include "lua_machine.h"
#include "include/cambium_lua_libraries.h"

// Tables that scripts may read and not write. Debian's Lua knows no such thing, so a protected table is an empty one, whose
// metatable reads from the real table (which no script ever gets hold of) and refuses what is written. The functions that
// see through metatables (next, rawget, table.insert, …) know of it; see lua_base.c.
//
// The globals are such a table too: for EVAL of all that there is, for libraries of functions of what they may see while
// they are loaded or while they run.

// Addresses that name fields which scripts cannot: in the metatable of a protected table, what it stands for, and what
// getmetatable shows of it; in the registry, what getmetatable shows of strings.
static char target_key, shown_metatable_key, string_metatable_key;

/// Raises the error of writing to a protected table, at the line that does it.
static int refuse_assignment(lua_State *L) { return luaL_error(L, "Attempt to modify a readonly table"); }

int cambium_refuse_write(lua_State *L) {
  lua_pushliteral(L, "Attempt to modify a readonly table");
  return lua_error(L);
}

static void push_key(lua_State *L, char *key) { lua_pushlightuserdata(L, key); }

int cambium_push_protected(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return 0;
  push_key(L, &target_key);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_istable(L, -1)) return 1;
  lua_pop(L, 1);
  return 0;
}

/// Puts a protected table in the place of the one on top.
static void protect(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 4);
  // Stack: target, table, metatable.
  push_key(L, &target_key);
  lua_pushvalue(L, -4);
  lua_rawset(L, -3);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_assignment);
  lua_setfield(L, -2, "__newindex");
  push_key(L, &shown_metatable_key);
  if (lua_getmetatable(L, -4)) protect(L); else lua_pushnil(L);
  lua_rawset(L, -3);
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

/// getmetatable: of strings and protected tables it shows what cannot be written.
static int get_metatable(lua_State *L) {
  luaL_checkany(L, 1);
  if (lua_type(L, 1) == LUA_TSTRING) {
    push_key(L, &string_metatable_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    return 1;
  }
  if (!lua_getmetatable(L, 1)) {
    lua_pushnil(L);
    return 1;
  }
  push_key(L, &target_key);
  lua_rawget(L, -2);
  if (!lua_isnil(L, -1)) {
    push_key(L, &shown_metatable_key);
    lua_rawget(L, -3);
    return 1;
  }
  lua_pop(L, 1);
  luaL_getmetafield(L, 1, "__metatable");
  return 1;
}

static int refuse_unknown(lua_State *L) {
  if (lua_gettop(L) != 2) return luaL_error(L, "Wrong number of arguments to luaProtectedTableError");
  if (!lua_isstring(L, -1)) {
    return luaL_error(L, "Second argument to luaProtectedTableError must be a string or number");
  }
  return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", lua_tostring(L, -1));
}

/// Has reading of a field that the table on top does not have raise an error.
static void demand_fields(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, refuse_unknown);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

static void open_library(lua_State *L, const char *name, lua_CFunction open) {
  lua_pushcfunction(L, open);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
}

/// Opens a library that leaves its table on the stack, and makes that a global.
static void open_table(lua_State *L, const char *name, int (*open)(lua_State *)) {
  lua_pushcfunction(L, open);
  lua_call(L, 0, 1);
  lua_setglobal(L, name);
}

/// What shows or changes the world outside, sees through protection, or is unsafe to have.
static const char *const withheld[] = {"dofile", "loadfile", "print", "getfenv", "setfenv", "newproxy", NULL};

static const char *const tables[] = {
    "string", "table", "math", "coroutine", "redis", "cjson", "cmsgpack", "bit", "struct", NULL,
};

void cambium_open_sandbox(lua_State *L) {
  // References are then given back without taking memory; see luaL_unref.
  lua_pushinteger(L, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, 0);

  open_library(L, "", luaopen_base);
  open_library(L, LUA_TABLIBNAME, luaopen_table);
  open_library(L, LUA_STRLIBNAME, luaopen_string);
  open_library(L, LUA_MATHLIBNAME, luaopen_math);
  open_table(L, "cjson", cambium_open_cjson);
  open_table(L, "cmsgpack", cambium_open_cmsgpack);
  open_table(L, "bit", cambium_open_bit);
  open_table(L, "struct", cambium_open_struct);
  for (int index = 0; withheld[index]; index++) {
    lua_pushnil(L);
    lua_setglobal(L, withheld[index]);
  }
  cambium_replace_base(L);
  lua_pushcfunction(L, get_metatable);
  lua_setglobal(L, "getmetatable");
  cambium_push_redis(L);
  lua_setglobal(L, "redis");
  if (!machine_of(L)->is_for_functions) {
    lua_pushcfunction(L, cambium_error_handler);
    lua_setglobal(L, "__redis__err__handler");
  }
  for (int index = 0; tables[index]; index++) {
    lua_getglobal(L, tables[index]);
    protect(L);
    lua_setglobal(L, tables[index]);
  }

  // getmetatable("").__index is the protected table of string functions.
  push_key(L, &string_metatable_key);
  lua_createtable(L, 0, 1);
  lua_getglobal(L, "string");
  lua_setfield(L, -2, "__index");
  protect(L);
  lua_rawset(L, LUA_REGISTRYINDEX);

  lua_settop(L, 0);
  // The globals proper, and the table that stands for them from now on.
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  demand_fields(L);
  lua_pushvalue(L, -1);
  protect(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, 1, "_G");
  lua_replace(L, LUA_GLOBALSINDEX);
  // Stack: globals.
  lua_createtable(L, 0, 1);
  cambium_push_library_api(L);
  demand_fields(L);
  protect(L);
  lua_setfield(L, -2, "redis");
  demand_fields(L);
  // Stack: globals, globals of a library.
  lua_pushcfunction(L, cambium_error_handler);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, cambium_trampoline, 2);
  lua_insert(L, 1);
  lua_getmetatable(L, LUA_GLOBALSINDEX);
  lua_insert(L, 2);
  lua_pushliteral(L, "__index");
  lua_insert(L, 3);
}

void cambium_switch_globals(lua_State *L, int is_loading) {
  int globals = is_loading ? SLOT_LIBRARY_GLOBALS : SLOT_GLOBALS;
  lua_pushvalue(L, SLOT_INDEX_NAME);
  lua_pushvalue(L, globals);
  lua_rawset(L, SLOT_GLOBALS_METATABLE);
  push_key(L, &target_key);
  lua_pushvalue(L, globals);
  lua_rawset(L, SLOT_GLOBALS_METATABLE);
}
