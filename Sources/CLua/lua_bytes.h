#ifndef CAMBIUM_LUA_BYTES_H
#define CAMBIUM_LUA_BYTES_H

#include <lua5.1/lauxlib.h>
#include <lua5.1/lua.h>
#include <stdint.h>
#include <string.h>

/// Bytes that grow at the end. They lie in a userdata at `slot` of the Lua stack: an error raised by anyone (a longjmp
/// past us) leaves them to the collector. luaL_Buffer cannot serve, since it keeps its parts on top of the stack, where
/// the walk through nested tables is at work.
typedef struct {
  lua_State *L;
  int slot;
  char *data;
  size_t count, capacity;
} Bytes;

/// Takes one slot, the new top of the stack.
static inline void bytes_open(Bytes *bytes, lua_State *L) {
  bytes->L = L;
  bytes->count = 0;
  bytes->capacity = 256;
  bytes->data = lua_newuserdata(L, bytes->capacity);
  bytes->slot = lua_gettop(L);
}

/// Room for `more` bytes, at the returned place. One slot of the stack must be free.
static inline char *bytes_reserve(Bytes *bytes, size_t more) {
  if (bytes->capacity - bytes->count < more) {
    if (more > SIZE_MAX / 4 - bytes->count) luaL_error(bytes->L, "not enough memory");
    size_t capacity = 2 * (bytes->count + more);
    char *data = lua_newuserdata(bytes->L, capacity);
    memcpy(data, bytes->data, bytes->count);
    lua_replace(bytes->L, bytes->slot);
    bytes->data = data;
    bytes->capacity = capacity;
  }
  return bytes->data + bytes->count;
}

static inline void bytes_append(Bytes *bytes, const void *source, size_t count) {
  if (count == 0) return;
  memcpy(bytes_reserve(bytes, count), source, count);
  bytes->count += count;
}

static inline void bytes_append_byte(Bytes *bytes, int byte) {
  *bytes_reserve(bytes, 1) = (char)byte;
  bytes->count += 1;
}

/// Pushes what has been gathered as a string.
static inline void bytes_push(Bytes *bytes) { lua_pushlstring(bytes->L, bytes->data, bytes->count); }

/// Sets `functions` (ended by a null name) in the table on top of the stack.
static inline void set_functions(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

static inline void set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

#endif
