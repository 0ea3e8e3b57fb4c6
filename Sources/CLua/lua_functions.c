#include "lua_machine.h"

#include <string.h>
#include <strings.h>

// redis.register_function: what a library calls while it is loaded. Error texts follow Redis 7.0.

static const char *const flag_names[] = {
    "no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys", NULL,
};

const char *cambium_lua_flag_name(int index) { return flag_names[index]; }

uint32_t cambium_lua_flag(const char *name, size_t count, int ignores_case) {
  for (int index = 0; flag_names[index]; index++) {
    if (strlen(flag_names[index]) != count) continue;
    int differs = ignores_case ? strncasecmp(flag_names[index], name, count) : memcmp(flag_names[index], name, count);
    if (!differs) return 1u << index;
  }
  return 0;
}

typedef struct {
  /// Places on the stack; 0 for what is missing.
  int name;
  int description;
  int callback;
  uint32_t flags;
} registration;

/// Reads the flags of the table on top; 0 if there is one that is none.
static int read_flags(lua_State *L, uint32_t *flags) {
  for (int index = 1;; index++) {
    lua_rawgeti(L, -1, index);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      return 1;
    }
    size_t count = 0;
    const char *name = lua_isstring(L, -1) ? lua_tolstring(L, -1, &count) : NULL;
    uint32_t flag = name ? cambium_lua_flag(name, strlen(name), 1) : 0;
    lua_pop(L, 1);
    if (!flag) return 0;
    *flags |= flag;
  }
}

/// Reads the one table of named arguments. What it finds stays on the stack, above it. Answers with what is wrong, or NULL.
static const char *read_named(lua_State *L, registration *found) {
  if (!lua_istable(L, 1)) {
    return "calling redis.register_function with a single argument is only applicable to Lua table (representing named "
           "arguments).";
  }
  // Stack: table, name, description, callback, key, value.
  lua_settop(L, 4);
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING && lua_type(L, -2) != LUA_TNUMBER) {
      return "named argument key given to redis.register_function is not a string";
    }
    // A number, turned into a string, would no longer be found by lua_next.
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
    if (!strcasecmp(key, "function_name")) {
      if (!lua_isstring(L, -1)) return "function_name argument given to redis.register_function must be a string";
      found->name = 2;
      lua_replace(L, 2);
    } else if (!strcasecmp(key, "description")) {
      if (!lua_isstring(L, -1)) return "description argument given to redis.register_function must be a string";
      found->description = 3;
      lua_replace(L, 3);
    } else if (!strcasecmp(key, "callback")) {
      if (!lua_isfunction(L, -1)) return "callback argument given to redis.register_function must be a function";
      found->callback = 4;
      lua_replace(L, 4);
    } else if (!strcasecmp(key, "flags")) {
      if (!lua_istable(L, -1)) {
        return "flags argument to redis.register_function must be a table representing function flags";
      }
      if (!read_flags(L, &found->flags)) return "unknown flag given";
      lua_pop(L, 1);
    } else {
      return "unknown argument given to redis.register_function";
    }
  }
  if (!found->name) return "redis.register_function must get a function name argument";
  if (!found->callback) return "redis.register_function must get a callback argument";
  return NULL;
}

static const char *read_arguments(lua_State *L, registration *found) {
  switch (lua_gettop(L)) {
  case 1: return read_named(L, found);
  case 2:
    if (!lua_isstring(L, 1)) return "first argument to redis.register_function must be a string";
    if (!lua_isfunction(L, 2)) return "second argument to redis.register_function must be a function";
    found->name = 1;
    found->callback = 2;
    return NULL;
  default: return "wrong number of arguments to redis.register_function";
  }
}

static cambium_bytes bytes_at(lua_State *L, int index) {
  cambium_bytes bytes = {NULL, 0};
  if (index) bytes.base = lua_tolstring(L, index, &bytes.count);
  return bytes;
}

static int register_function(lua_State *L) {
  cambium_lua *machine = machine_of(L);
  if (!machine->is_loading) {
    return cambium_raise(L, "redis.register_function can only be called on FUNCTION LOAD command");
  }
  registration found = {0, 0, 0, 0};
  const char *failure = read_arguments(L, &found);
  if (failure) return cambium_raise(L, failure);
  cambium_bytes name = bytes_at(L, found.name);
  cambium_bytes description = bytes_at(L, found.description);
  lua_pushvalue(L, found.callback);
  int reference = luaL_ref(L, LUA_REGISTRYINDEX);
  failure = machine->host.register_function(machine->host.context, name, description, found.flags, reference);
  if (!failure) return 0;
  luaL_unref(L, LUA_REGISTRYINDEX, reference);
  return cambium_raise(L, failure);
}

void cambium_push_library_api(lua_State *L) {
  lua_newtable(L);
  cambium_add_function(L, "register_function", register_function);
  cambium_add_common(L);
}
